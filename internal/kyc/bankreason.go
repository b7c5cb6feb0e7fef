package kyc

// Failure reasons of the Bankident methods (kyc-flows.md §6.4). What the bank's
// or the signer's firm said in its own words is kept as evidence.
const (
	ReasonAuthorizedHolder  = "access_by_authorized_holder"     // the login is that of somebody else than the holder
	ReasonSnapshotFailed    = "account_snapshot_failed"         // the bank's data could not be had
	ReasonSnapshotExpired   = "account_snapshot_expired"        // they were there, and are not to be had any more
	ReasonExpired           = "expired"                         // the bank's session, or a deadline
	ReasonJointAccount      = "joint_account"                   // the account has more than one holder
	ReasonAlreadyIdentified = "ALREADY_IDENTIFIED_SUCCESSFULLY" // by another identification meanwhile
	ReasonInvalidData       = "invalid_data"                    // of the identity document (provider_status_code 1001 to 1999)
	ReasonInconsistentData  = "inconsistent_data"               // of the identity document (provider_status_code 2000 to 3999)
	ReasonSigningFailed     = "signing_failed"                  // the signer will not sign; no source names a word for it
)
