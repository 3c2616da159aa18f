package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/vishvananda/netlink"
	v1 "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	core "k8s.io/client-go/listers/core/v1"
	endpoints "k8s.io/client-go/listers/discovery/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/ptr"
)

const localhost = "127.0.0.1 localhost\n"

// proxy stands in for kube-proxy and the cluster's DNS: it listens on the address of each Service,
// joins connections to ready endpoints in turn, and writes the names of Services to a hosts file.
type proxy struct {
	services  core.ServiceLister
	slices    endpoints.EndpointSliceLister
	hosts     string
	mutex     sync.Mutex
	listeners map[string]net.Listener // by address and port
	turn      atomic.Uint64
}

func services(arguments []string) error {
	flags := flag.NewFlagSet("services", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "")
	hosts := flags.String("hosts", "", "")
	_ = flags.Parse(arguments)
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	factory := informers.NewSharedInformerFactory(kubernetes.NewForConfigOrDie(config), 0)
	proxy := &proxy{
		services:  factory.Core().V1().Services().Lister(),
		slices:    factory.Discovery().V1().EndpointSlices().Lister(),
		hosts:     *hosts,
		listeners: map[string]net.Listener{},
	}
	_, err = factory.Core().V1().Services().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { proxy.follow() },
		UpdateFunc: func(any, any) { proxy.follow() },
		DeleteFunc: func(any) { proxy.follow() },
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	<-ctx.Done()
	return nil
}

// follow listens for what there is now, and no longer for what there was.
func (proxy *proxy) follow() {
	proxy.mutex.Lock()
	defer proxy.mutex.Unlock()
	all, err := proxy.services.List(labels.Everything())
	if err != nil {
		fmt.Println(err)
		return
	}
	names := localhost
	wanted := map[string]bool{}
	for _, service := range all {
		address := service.Spec.ClusterIP
		if net.ParseIP(address) == nil {
			continue // headless
		}
		short := service.Name + "." + service.Namespace
		names += fmt.Sprintf("%s %s %s.svc %s.svc.cluster.local\n", address, short, short, short)
		for _, port := range service.Spec.Ports {
			key := net.JoinHostPort(address, fmt.Sprint(port.Port))
			wanted[key] = true
			if proxy.listeners[key] == nil && port.Protocol == v1.ProtocolTCP {
				if err := proxy.listen(key, service, port.Name); err != nil {
					fmt.Printf("%s: %v\n", short, err)
				}
			}
		}
	}
	for key, listener := range proxy.listeners {
		if !wanted[key] {
			_ = listener.Close()
			delete(proxy.listeners, key)
		}
	}
	if err := overwrite(proxy.hosts, names); err != nil {
		fmt.Println(err)
	}
}

func (proxy *proxy) listen(key string, service *v1.Service, port string) error {
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	address := &net.IPNet{IP: net.ParseIP(service.Spec.ClusterIP), Mask: net.CIDRMask(32, 32)}
	if err := netlink.AddrReplace(loopback, &netlink.Addr{IPNet: address}); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", key)
	if err != nil {
		return err
	}
	proxy.listeners[key] = listener
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go proxy.join(client, service.Namespace, service.Name, port)
		}
	}()
	return nil
}

// join carries one connection. Without a ready endpoint it is closed, and the client told so.
func (proxy *proxy) join(client net.Conn, namespace, name, port string) {
	defer client.Close()
	ready := proxy.ready(namespace, name, port)
	if len(ready) == 0 {
		return
	}
	server, err := net.Dial("tcp", ready[proxy.turn.Add(1)%uint64(len(ready))])
	if err != nil {
		return
	}
	defer server.Close()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = io.Copy(client, server)
		_ = client.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(server, client)
	_ = server.(*net.TCPConn).CloseWrite()
	<-answered
}

// ready are the addresses behind a port of a Service, from the slices of the real controller.
func (proxy *proxy) ready(namespace, name, port string) []string {
	found, err := proxy.slices.EndpointSlices(namespace).List(labels.SelectorFromSet(labels.Set{discovery.LabelServiceName: name}))
	if err != nil {
		return nil
	}
	var ready []string
	for _, slice := range found {
		for _, candidate := range slice.Ports {
			if ptr.Deref(candidate.Name, "") != port || candidate.Port == nil {
				continue
			}
			for _, endpoint := range slice.Endpoints {
				if ptr.Deref(endpoint.Conditions.Ready, false) {
					ready = append(ready, net.JoinHostPort(endpoint.Addresses[0], fmt.Sprint(*candidate.Port)))
				}
			}
		}
	}
	slices.Sort(ready)
	return ready
}

// overwrite keeps the file that is bound over /etc/hosts, and never leaves it empty for a reader.
func overwrite(path, content string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.WriteAt([]byte(content), 0); err != nil {
		return err
	}
	return file.Truncate(int64(len(content)))
}
