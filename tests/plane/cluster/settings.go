package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/cert"
)

const serviceRange = "10.96.0.0/16"

// settings is where things of one plane are: files, ports, names.
type settings struct {
	dir        string
	pods       string
	isolated   bool
	address    string // of the API server
	apiPort    int
	etcdPort   int
	token      string
	kubeconfig string
	argocd     string // its program; empty: it takes no part
}

// prepare writes what the parts need before the first of them starts.
func prepare(dir, pods string, isolated bool) (*settings, error) {
	secret := make([]byte, 16)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	set := &settings{
		dir: dir, pods: pods, isolated: isolated, address: "127.0.0.1", apiPort: 6443, etcdPort: 2379,
		token: hex.EncodeToString(secret), kubeconfig: filepath.Join(dir, "kubeconfig"),
	}
	if isolated {
		set.address = gateway // pods reach it there too, in network namespaces of their own
	} else {
		var err error
		if set.apiPort, set.etcdPort, err = freePorts(); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o700); err != nil {
		return nil, err
	}
	addresses := []net.IP{net.ParseIP("127.0.0.1"), net.ParseIP("10.96.0.1")}
	names := []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	certificate, key, err := cert.GenerateSelfSignedCertKey(gateway, addresses, names)
	if err != nil {
		return nil, err
	}
	for name, content := range map[string][]byte{
		"ca.crt": certificate, "tls.key": key, "tokens.csv": []byte(set.token + ",admin,1,system:masters\n"), "hosts": []byte(localhost),
		// No server of names: what isn't in hosts is unknown at once, and not after a timeout.
		"resolv.conf": nil,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return nil, err
		}
	}
	config := api.NewConfig()
	config.Clusters["plane"] = &api.Cluster{Server: set.server(), CertificateAuthorityData: certificate}
	config.AuthInfos["admin"] = &api.AuthInfo{Token: set.token}
	config.Contexts["plane"] = &api.Context{Cluster: "plane", AuthInfo: "admin"}
	config.CurrentContext = "plane"
	return set, clientcmd.WriteToFile(*config, set.kubeconfig)
}

// freePorts are free now; only a plane without a network of its own takes them from others.
func freePorts() (int, int, error) {
	var ports [2]int
	for index := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, 0, err
		}
		defer listener.Close()
		ports[index] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports[0], ports[1], nil
}

func (set *settings) server() string { return fmt.Sprintf("https://%s:%d", set.address, set.apiPort) }
func (set *settings) ca() string     { return filepath.Join(set.dir, "ca.crt") }
func (set *settings) key() string    { return filepath.Join(set.dir, "tls.key") }
func (set *settings) hosts() string  { return filepath.Join(set.dir, "hosts") }

func (set *settings) facts() facts {
	said := facts{
		Kubeconfig: set.kubeconfig, Server: set.server(), Token: set.token, CA: set.ca(), Pods: set.pods, Dir: set.dir,
	}
	if set.isolated {
		said.Network = "own" // `up` knows by which process to name it
	}
	return said
}

func (set *settings) part(name string, argv ...string) part {
	return part{name: name, argv: argv, log: filepath.Join(set.dir, "logs", name+".log")}
}

func (set *settings) etcd() part {
	client := fmt.Sprintf("http://127.0.0.1:%d", set.etcdPort)
	return set.part("etcd", self(), "etcd", "--data-dir", filepath.Join(set.dir, "etcd"), "--unsafe-no-fsync",
		"--listen-client-urls", client, "--advertise-client-urls", client,
		// A member that is alone has no peers to listen for, but must be told so.
		"--listen-peer-urls", "http://127.0.0.1:0", "--log-level", "warn")
}

func (set *settings) apiserver() part {
	arguments := []string{
		self(), "kube-apiserver",
		fmt.Sprintf("--etcd-servers=http://127.0.0.1:%d", set.etcdPort),
		"--advertise-address=" + gateway, "--bind-address=" + set.address,
		fmt.Sprintf("--secure-port=%d", set.apiPort),
		"--tls-cert-file=" + set.ca(), "--tls-private-key-file=" + set.key(),
		"--token-auth-file=" + filepath.Join(set.dir, "tokens.csv"),
		"--authorization-mode=RBAC",
		"--service-cluster-ip-range=" + serviceRange,
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + set.key(), "--service-account-signing-key-file=" + set.key(),
		"--allow-privileged=true", "--profiling=false",
		// Its taint of a new node is taken away by a controller that doesn't run here.
		"--disable-admission-plugins=TaintNodesByCondition",
	}
	if !set.isolated {
		arguments = append(arguments, "--endpoint-reconciler-type=none") // it isn't where it says it is
	}
	return set.part("kube-apiserver", arguments...)
}

func (set *settings) controllerManager() part {
	return set.part("kube-controller-manager", self(), "kube-controller-manager", "--kubeconfig="+set.kubeconfig,
		"--leader-elect=false", "--secure-port=0", "--profiling=false",
		"--kube-api-qps=500", "--kube-api-burst=1000", // a thousand objects at once are a test, not a flood
		"--service-account-private-key-file="+set.key(), "--root-ca-file="+set.ca(),
		// The test kubelet sends no heartbeats.
		"--controllers=*,-node-lifecycle-controller,-node-ipam-controller,-taint-eviction-controller")
}

func (set *settings) scheduler() part {
	return set.part("kube-scheduler", self(), "kube-scheduler", "--kubeconfig="+set.kubeconfig,
		"--leader-elect=false", "--secure-port=0", "--profiling=false", "--kube-api-qps=500", "--kube-api-burst=1000")
}

func (set *settings) rollouts() part {
	return set.part("rollouts-controller", filepath.Join(filepath.Dir(self()), "rollouts-controller"),
		"--kubeconfig="+set.kubeconfig, "--leader-elect=false", "--qps=500", "--burst=1000",
		// It listens on all addresses; a port that can't be listened on is logged and no more.
		"--metricsPort=-1", "--healthzPort=-1")
}

func (set *settings) kubelet() part {
	return set.part("kubelet", self(), "kubelet", "--kubeconfig", set.kubeconfig, "--dir", set.dir, "--pods", set.pods)
}

func (set *settings) services() part {
	return set.part("services", self(), "services", "--kubeconfig", set.kubeconfig, "--hosts", set.hosts())
}

// kubectl runs to its end; its output goes where errors go.
func (set *settings) kubectl(ctx context.Context, arguments ...string) error {
	command := exec.CommandContext(ctx, self(), append([]string{"kubectl", "--kubeconfig", set.kubeconfig}, arguments...)...)
	said, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("kubectl %s: %w: %s", arguments[0], err, said)
	}
	return nil
}
