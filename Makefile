# make demo    create the environment and run the whole demo matrix on synthetic data
# make photos  the same on photographs: make photos VOC=/path/to/VOCdevkit/VOC2012
# make test    create the environment and run every test
# make lint    check the craft: ruff, snakefmt, snakemake --lint, the configuration's schema
# make lock    resolve envs/requirements.in into envs/requirements.txt

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# The workflow calls `smallobjects` by name, so the environment's commands come first.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo photos test lint lock environment latex browser slurm-for-tests clean

demo: $(INSTALLED)
	snakemake --quiet rules
	snakemake --quiet all --report results/report.html
	@smallobjects show-table results/tables/table1.csv
	@smallobjects show-table results/tables/table2.csv
	@echo "Pictures, tables and captions: results/report.html"

# Label sources to train on beside the ground truth: some of the ten, such as irn,bana, or all.
LABELS ?= irn
SEEDS ?= 0
EVERY := bbam,bana,edam,nsrom,rca,clims,irn,cda,amn,rib
comma := ,
quoted = $(subst ','\'',$(1))
and := $(if $(and $(VOC),$(COCO)),$(comma))
PHOTOS = --configfile config/photos.yaml --config 'seeds=[$(SEEDS)]' \
	'datasets=[$(if $(VOC),voc)$(and)$(if $(COCO),coco)]' \
	'settings={datasets: {$(if $(VOC),voc: {raw: "$(call quoted,$(VOC))"})$(and) $(if $(COCO),coco: {raw: "$(call quoted,$(COCO))"})}}' \
	'matrix=[{labels: [$(LABELS:all=$(EVERY)), full], segmentors: [deeplabv3plus]}]'

photos: $(INSTALLED)
	@[ -n "$(VOC)$(COCO)" ] || { echo "Name the data: make photos VOC=/path/to/VOCdevkit/VOC2012 (or COCO=/path/to/coco)"; exit 2; }
	snakemake --quiet rules $(PHOTOS)
	snakemake --quiet all $(PHOTOS) --report results/report.html
	@smallobjects show-table results/tables/table2.csv
	@ls -d results/figures/panels/* results/figures/labels/* results/figures/*.png
	@echo "Pictures, tables and captions: results/report.html"

test: $(INSTALLED) latex browser slurm-for-tests lint
	pytest -n logical --maxprocesses 4

lint: $(INSTALLED)
	ruff check
	ruff format --check
	snakefmt --check Snakefile workflow
	snakemake --lint
	smallobjects config-schema | diff config/schema.json -

environment: $(INSTALLED)

# --no-deps: the lock is complete; left alone, pip would add the OpenCV build that needs a display.
$(INSTALLED): envs/requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is %d.%d: name another, as in make demo PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-deps --require-hashes -r envs/requirements.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# The tests compile the tables with a real LaTeX; where it is missing, Debian's packages bring it.
latex:
	@command -v pdflatex > /dev/null || envs/install_debian.sh "pdflatex (TeX Live with booktabs)" \
		texlive-latex-base texlive-latex-recommended

# The tests of the local web tools use a real browser.
browser:
	@{ command -v chromium && command -v chromedriver; } > /dev/null || envs/install_debian.sh \
		"chromium with chromedriver" chromium chromium-driver

# So do some of them on a real Slurm, which they start themselves.
slurm-for-tests:
	@PATH="$$PATH:/usr/sbin"; { command -v slurmctld && command -v munged \
		&& command -v slurmdbd && command -v mariadbd; } > /dev/null \
		|| envs/install_debian.sh "Slurm (slurmctld, slurmd, munged, slurmdbd with MariaDB)" \
		slurm-wlm munge slurmdbd mariadb-server-core

lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet uv
	$(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --override envs/overrides.txt \
		envs/requirements.in --output-file envs/requirements.txt
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) results/demo results/tables results/figures results/report.html .snakemake
