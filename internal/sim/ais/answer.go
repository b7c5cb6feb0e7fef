package ais

import (
	"encoding/base64"
	"net/http"

	"github.com/identikit/identikit/internal/sim/simkit"
)

type object = map[string]any

// writeResult answers with a result alone.
func writeResult(w http.ResponseWriter, requestID, profile string, r *result) {
	writeResponse(w, requestID, profile, r, nil, nil)
}

// writeResponse answers 200, whatever the result: the service does so.
func writeResponse(w http.ResponseWriter, requestID, profile string, r *result, outputs, signature object) {
	said := object{"ResultMajor": r.Major}
	if r.Minor != "" {
		said["ResultMinor"] = r.Minor
		said["ResultMessage"] = object{"@xml.lang": "en", "$": r.Message}
	}
	response := object{"@Profile": profile, "Result": said}
	if requestID != "" {
		response["@RequestID"] = requestID
	}
	if outputs != nil {
		response["OptionalOutputs"] = outputs
	}
	if signature != nil {
		response["SignatureObject"] = signature
	}
	simkit.WriteJSON(w, http.StatusOK, object{"SignResponse": response})
}

// writeState answers how a request stands.
func (s *Server) writeState(w http.ResponseWriter, r *request, profile string) {
	switch {
	case !r.Done:
		outputs := object{"async.ResponseID": r.Responses[len(r.Responses)-1], "sc.APTransID": r.Transaction}
		if !r.Late {
			outputs["sc.StepUpAuthorisationInfo"] = object{"sc.Result": object{"sc.ConsentURL": s.consentAddress(r)}}
		}
		writeResponse(w, r.ID, profile, &result{Major: majorPending}, outputs, nil)
	case r.Outcome != success:
		failed := outcomes[r.Outcome]
		writeResponse(w, r.ID, profile, &failed, object{"sc.APTransID": r.Transaction}, nil)
	default:
		outputs := object{
			"sc.APTransID": r.Transaction, "sc.StepUpAuthorisationInfo": object{"sc.Result": object{"sc.SerialNumber": r.Serial}},
		}
		if r.Validation {
			outputs["sc.RevocationInformation"] = object{
				"sc.CRLs": object{"sc.CRL": listOf(r.Signed.CRLs)}, "sc.OCSPs": object{"sc.OCSP": listOf(r.Signed.OCSPs)},
			}
		}
		writeResponse(w, r.ID, profile, &result{Major: majorSuccess}, outputs, r.signatureObject())
	}
}

// signatureObject is one signature, or the list of a batch.
func (r *request) signatureObject() object {
	one := func(n int) object {
		return object{"@Type": typeCMS, "$": base64.StdEncoding.EncodeToString(r.Signed.CMS[n])}
	}
	if len(r.Documents) == 1 {
		return object{"Base64Signature": one(0)}
	}
	var all []object
	for n, d := range r.Documents {
		all = append(all, object{"@WhichDocument": d.ID, "Base64Signature": one(n)})
	}
	return object{"Other": object{"sc.SignatureObjects": object{"sc.ExtendedSignatureObject": all}}}
}

// listOf shows DER values as the service does, which makes JSON of XML: the only member of a list is in none.
func listOf(all [][]byte) any {
	var texts []string
	for _, der := range all {
		texts = append(texts, base64.StdEncoding.EncodeToString(der))
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return texts
}
