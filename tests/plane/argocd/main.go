// Command argocd is those parts of Argo CD that keep a cluster as Git says: `argocd
// application-controller …`, `argocd repo-server …`, and `argocd redis ADDRESS`, a stand-in for the
// cache between the two.
//
// It is a module of its own because Argo CD wants other versions than Argo Rollouts does.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/alicebob/miniredis/v2"
	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/spf13/cobra"
)

func main() {
	all := &cobra.Command{Use: "argocd", SilenceUsage: true}
	all.AddCommand(
		named("application-controller", controller.NewCommand()),
		named("repo-server", reposerver.NewCommand()),
		&cobra.Command{Use: "redis ADDRESS", Args: cobra.ExactArgs(1), RunE: redis},
	)
	if err := all.Execute(); err != nil {
		os.Exit(1)
	}
}

func named(name string, command *cobra.Command) *cobra.Command {
	command.Use = name
	return command
}

func redis(_ *cobra.Command, arguments []string) error {
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(arguments[0]); err != nil {
		return err
	}
	fmt.Println(server.Addr())
	for range time.Tick(time.Second) {
		server.FastForward(time.Second) // time passes in it only when told; without, no push is ever seen
	}
	return nil
}
