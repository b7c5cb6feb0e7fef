package httpapi

import (
	"net/http"
)

// updateForDevelopment is there in the sandbox only (partner-api.md §3.1, P5).
func (s *Server) updateForDevelopment(c *call) error {
	if _, err := s.person(c); err != nil {
		return err
	}
	in, err := decode(c)
	if err != nil {
		return err
	}
	p, err := s.flow.UpdateForDevelopment(c.Context(), c.partnerID, c.PathValue("person_id"), in)
	if err != nil {
		return err
	}
	return writePerson(c, http.StatusOK, p)
}

// paperView says whether an identity document is good, and what was done if not.
type paperView struct {
	DocumentValid bool   `json:"document_valid"`
	Action        string `json:"action,omitempty"`
}

func viewPaper(valid bool) (status int, view paperView) {
	if valid {
		return http.StatusOK, paperView{DocumentValid: true}
	}
	return http.StatusAccepted, paperView{Action: "triggered potential account blocking"}
}

// checkPaper is there in the sandbox only (P6).
func (s *Server) checkPaper(c *call) error {
	if _, err := s.person(c); err != nil {
		return err
	}
	once, err := onceFor(c, func(valid any) ([]byte, error) {
		_, view := viewPaper(valid.(bool))
		return marshal(view)
	})
	if err != nil {
		return err
	}
	once.StatusOf = func(valid any) int {
		status, _ := viewPaper(valid.(bool))
		return status
	}
	if _, err := decode(c); err != nil {
		return err
	}
	valid, replay, err := s.flow.CheckPaper(c.Context(), c.partnerID, c.PathValue("person_id"), once)
	if err != nil {
		return err
	}
	status, view := viewPaper(valid)
	if replay != nil {
		return writeReplay(c, replay)
	}
	return writeJSON(c, status, view)
}
