"""IRN: seeds, edges learnt from them, a random walk; also the chain of CDA, AMN, RIB, CLIMS."""
