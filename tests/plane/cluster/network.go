package main

import (
	"fmt"
	"net"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

const (
	bridge    = "pods"
	gateway   = "10.76.0.1" // the plane's own address in the network of its pods
	podPrefix = 16
)

// planeNetwork makes a bridge that pods are plugged into.
func planeNetwork() error {
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(loopback); err != nil {
		return err
	}
	link := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: bridge}}
	if err := netlink.LinkAdd(link); err != nil {
		return err
	}
	return plug(netlink.AddrAdd, netlink.LinkSetUp, link, gateway)
}

// podNetwork makes a network namespace with one address in it. It lives as long as the handle is
// open or a process is inside; the cable goes with it.
func podNetwork(index uint32) (netns.NsHandle, string, error) {
	address := podAddress(index)
	pod, err := emptyNetwork()
	if err != nil {
		return pod, "", err
	}
	master, err := netlink.LinkByName(bridge)
	if err != nil {
		return pod, "", err
	}
	cable := &netlink.Veth{
		LinkAttrs:     netlink.LinkAttrs{Name: fmt.Sprintf("pod%d", index), MasterIndex: master.Attrs().Index},
		PeerName:      "eth0",
		PeerNamespace: netlink.NsFd(pod),
	}
	if err := netlink.LinkAdd(cable); err != nil {
		return pod, "", err
	}
	if err := netlink.LinkSetUp(cable); err != nil {
		return pod, "", err
	}
	within, err := netlink.NewHandleAt(pod)
	if err != nil {
		return pod, "", err
	}
	defer within.Close()
	loopback, err := within.LinkByName("lo")
	if err != nil {
		return pod, "", err
	}
	if err := within.LinkSetUp(loopback); err != nil {
		return pod, "", err
	}
	end, err := within.LinkByName("eth0")
	if err != nil {
		return pod, "", err
	}
	if err := plug(within.AddrAdd, within.LinkSetUp, end, address); err != nil {
		return pod, "", err
	}
	return pod, address, within.RouteAdd(&netlink.Route{LinkIndex: end.Attrs().Index, Gw: net.ParseIP(gateway)})
}

func plug(add func(netlink.Link, *netlink.Addr) error, up func(netlink.Link) error, link netlink.Link, address string) error {
	mask := net.CIDRMask(podPrefix, 32)
	if err := add(link, &netlink.Addr{IPNet: &net.IPNet{IP: net.ParseIP(address), Mask: mask}}); err != nil {
		return err
	}
	return up(link)
}

// emptyNetwork makes a namespace and comes back: only a thread can go there.
func emptyNetwork() (netns.NsHandle, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	here, err := netns.Get()
	if err != nil {
		return netns.None(), err
	}
	defer here.Close()
	pod, err := netns.New()
	if err != nil {
		return netns.None(), err
	}
	return pod, netns.Set(here)
}

// podAddress numbers pods from 10.76.1.0 on, and begins again after some 65,000.
func podAddress(index uint32) string {
	number := 256 + index%(1<<16-512)
	return fmt.Sprintf("10.76.%d.%d", number/256, number%256)
}
