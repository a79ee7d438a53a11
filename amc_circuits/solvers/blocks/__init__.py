"""BlockAMC: a matrix larger than an array, solved in steps by smaller INV and MVM circuits."""
