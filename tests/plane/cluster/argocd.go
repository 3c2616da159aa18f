package main

import (
	"os"
	"path/filepath"
)

const (
	redisAddress = "127.0.0.1:6379"
	repoAddress  = "127.0.0.1:8081"
)

// argoCD are the parts that keep the cluster as Git says. They listen on ports of their own
// choice, so they take part only where the network is the plane's own.
func (set *settings) argoCD() ([]part, error) {
	scratch := filepath.Join(set.dir, "argocd")
	if err := os.MkdirAll(scratch, 0o700); err != nil {
		return nil, err
	}
	environment := append(os.Environ(),
		"TMPDIR="+scratch, "ARGOCD_ASK_PASS_SOCK="+filepath.Join(scratch, "ask-pass"), "ARGOCD_GPG_ENABLED=false",
		// Its own cluster is the one of this kubeconfig, as it doesn't run as a pod.
		"ARGOCD_FAKE_IN_CLUSTER=true", "KUBECONFIG="+set.kubeconfig,
		// No forge calls a webhook here: look every few seconds.
		"ARGOCD_RECONCILIATION_TIMEOUT=3s", "ARGOCD_RECONCILIATION_JITTER=0s",
	)
	parts := []part{
		set.part("argocd-redis", set.argocd, "redis", redisAddress),
		set.part("argocd-repo-server", set.argocd, "repo-server", "--redis", redisAddress, "--disable-tls",
			"--address", "127.0.0.1", "--metrics-address", "127.0.0.1"),
		set.part("argocd-application-controller", set.argocd, "application-controller", "--kubeconfig", set.kubeconfig,
			"--namespace", "argocd", "--redis", redisAddress, "--repo-server", repoAddress, "--repo-server-plaintext",
			"--metrics-port", "18082"), // on all addresses, where a Service's 8082 should be free
	}
	for index := range parts {
		parts[index].environment = environment
	}
	return parts, nil
}
