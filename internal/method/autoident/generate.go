//go:generate go run ../diagram -method idnow_autoident -out ../../../docs/states/idnow_autoident.svg
package autoident
