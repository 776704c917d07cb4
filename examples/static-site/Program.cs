using Cluster.Client;
using Microsoft.Extensions.Logging.Abstractions;
using StaticSite;

// Ends at Ctrl-C or SIGTERM.
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, press) =>
{
    press.Cancel = true;
    stop.Cancel();
};
using var terminate = System.Runtime.InteropServices.PosixSignalRegistration.Create(
    System.Runtime.InteropServices.PosixSignal.SIGTERM,
    signal =>
    {
        signal.Cancel = true;
        stop.Cancel();
    });

var kubeconfig = Environment.GetEnvironmentVariable("KUBECONFIG") ?? "/var/lib/cluster/kubeconfig";
var client = KubernetesClients.FromKubeconfig(kubeconfig);
await new SiteController(client, NullLogger.Instance, TimeProvider.System).RunAsync(stop.Token);
