"""A Slurm that keeps accounts, in a database of its own: slurmdbd and MariaDB."""

import getpass

from cluster import PROGRAMS, Cluster, free_ports, host_name

ACCOUNTING_PROGRAMS = (*PROGRAMS, "slurmdbd", "mariadbd", "sacct")


class AccountedCluster(Cluster):
    """As `Cluster`; `sacct` knows what the jobs took."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "MYSQL_UNIX_PORT": str(self.folder / "db.socket")}

    def add_account(self, account: str, qos: str) -> None:
        """Make an account and a quality of service that this user may ask for."""
        add = ("sacctmgr", "--immediate", "add")
        self.call(*add, "qos", qos)
        self.call(*add, "account", account, f"qos=normal,{qos}")
        self.call(*add, "user", getpass.getuser(), f"account={account}", f"qos=normal,{qos}")

    def _start_accounting(self) -> None:
        (self.folder / "database").mkdir()
        self.start_daemon("mariadbd")
        self._wait_for((self.folder / "db.socket").exists, "mariadbd")
        self.start_daemon("slurmdbd")
        clusters = ("sacctmgr", "list", "cluster")
        self._wait_for(lambda: "Cluster" in self.call(*clusters, check=False), "slurmdbd")

    def _arguments(self, name: str) -> list[str]:
        if name == "mariadbd":
            # Nobody reaches it but by the socket, which lies in a folder of this user alone.
            return [
                "--no-defaults", "--skip-networking", "--skip-grant-tables",
                f"--user={getpass.getuser()}", f"--datadir={self.folder}/database",
                f"--socket={self.folder}/db.socket", "--innodb-log-file-size=4M",
                "--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0",
            ]  # fmt: skip
        return ["-D"] if name == "slurmdbd" else super()._arguments(name)

    def _write_configuration(self) -> None:
        super()._write_configuration()
        [port] = free_ports(1)
        with (self.folder / "slurm.conf").open("a") as file:
            file.write(
                "AccountingStorageType=accounting_storage/slurmdbd\n"
                "AccountingStorageHost=127.0.0.1\n"
                f"AccountingStoragePort={port}\n"
                f"AccountingStoragePass={self.folder}/munge.socket\n"
                "AccountingStoreFlags=job_comment\n"
                "AccountingStorageTRES=gres/gpu\n"
            )
        keeper = self.folder / "slurmdbd.conf"
        keeper.write_text(
            f"DbdHost={host_name()}\n"
            "DbdAddr=127.0.0.1\n"
            f"DbdPort={port}\n"
            "AuthType=auth/munge\n"
            f"AuthInfo=socket={self.folder}/munge.socket\n"
            f"SlurmUser={getpass.getuser()}\n"
            f"PidFile={self.folder}/slurmdbd.pid\n"
            f"LogFile={self.folder}/log/slurmdbd.log\n"
            "StorageType=accounting_storage/mysql\n"
            "StorageHost=localhost\n"
            f"StorageUser={getpass.getuser()}\n"
            "StorageLoc=slurm\n"
        )
        keeper.chmod(0o600)
