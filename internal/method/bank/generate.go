package bank

//go:generate go run ../diagram -method bank -out ../../../docs/states/bank.svg
