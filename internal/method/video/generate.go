package video

//go:generate go run ../diagram -method idnow -out ../../../docs/states/idnow.svg
