package bankid

//go:generate go run ../diagram -method bank_id -out ../../../docs/states/bank_id.svg
