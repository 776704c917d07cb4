using System.CommandLine;
using System.Net;
using Cluster.Cli.Hosting;
using Cluster.Client;
using Cluster.Dataplane.Handover;
using Cluster.Proxy;
using Cluster.Proxy.CommandLine;
using Cluster.Proxy.Restart;
using Cluster.Proxy.Top;
using Microsoft.Extensions.Logging;

namespace Cluster.Cli.Commands;

/// <summary><c>cluster proxy</c>: this cluster's proxy or, told to, one of another cluster or of a load balancer file, as <c>cluster-proxy</c> is.</summary>
internal static class ProxyCommand
{
    public static Command Create()
    {
        Option<string> data = ClusterOptions.DataOption();
        var flags = new ProxyFlags();
        var command = new Command("proxy", "Reflect the API's services on this node and spread TCP and UDP over their backends.") { data, TopCommand.Create() };
        foreach (Option flag in flags.All) command.Add(flag);
        command.SetAction((parsed, cancellationToken) =>
        {
            ProxyProgram.CompleteInline();
            bool isOwn = parsed.GetResult(data) is { Implicit: false } || (!flags.NamesSource(parsed) && !InCluster);
            ProxySettings settings = Explained(() => flags.Read(parsed, isOwn ? OwnOptions(DataDirectory.At(parsed.GetValue(data)!)) : ProxyProgram.DropIn));
            if (isOwn && settings is { LoadBalancerFile: null, Cleanup: false }) return RunOwnAsync(DataDirectory.At(parsed.GetValue(data)!), settings, cancellationToken);
            return ComponentHost.RunAsync(null, (logs, token) => RunAsync(new ProxyProgram(settings, logs, TimeProvider.System), token), cancellationToken);
        });
        return command;
    }

    private static bool InCluster => Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST") is { Length: > 0 };

    // What `cluster up` gives its proxy by flags goes over these.
    private static ProxyOptions OwnOptions(DataDirectory folder) => new()
    {
        NodeName = NodeFacts.Name(),
        NodeAddresses = [NodeFacts.Address()],
        OwnedPath = folder.Owned,
        SavedPath = folder.ServiceTable,
        DrainSocket = folder.DrainSocket,
    };

    private static Task<int> RunOwnAsync(DataDirectory folder, ProxySettings settings, CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess) throw new CliException("the proxy needs root (routes, ports): run it as root, or with sudo");
        Directory.CreateDirectory(folder.Logs);
        Directory.CreateDirectory(folder.Run);
        IApiClient client = ComponentOptions.Client(settings.Kubeconfig ?? folder.ComponentKubeconfig("proxy"));
        return ComponentHost.RunAsync(
            Path.Combine(folder.Logs, "proxy.log"),
            async (logs, token) =>
            {
                using IDisposable registration = ProxySupervisor.Register(folder);
                using var succession = new Succession(settings.TakesOver ? folder.Handover : null, logs.CreateLogger<Succession>());
                using var successor = new SuccessorOnSignal(succession, logs.CreateLogger<SuccessorOnSignal>());
                Task running = new KubeProxy(client, settings.Options, logs, TimeProvider.System, succession).RunAsync(token);
                await Task.WhenAny(running, succession.Serving);
                if (!running.IsCompleted) ProxySupervisor.Record(folder);
                await running;
            },
            cancellationToken);
    }

    private static async Task RunAsync(ProxyProgram program, CancellationToken cancellationToken)
    {
        try
        {
            await program.RunAsync(cancellationToken);
        }
        catch (UsageException failure)
        {
            throw new CliException(failure.Message, failure.ExitCode);
        }
    }

    private static T Explained<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (UsageException failure)
        {
            throw new CliException(failure.Message, failure.ExitCode);
        }
    }
}
