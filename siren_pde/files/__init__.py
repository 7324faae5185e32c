"""Files that are whole or absent, and HDF5 files that know when they are damaged."""
