using System.CommandLine;
using Cluster.Cli.Hosting;
using Cluster.Client;
using Cluster.Scheduler;

namespace Cluster.Cli.Commands;

/// <summary><c>cluster scheduler</c>: the scheduler alone.</summary>
internal static class SchedulerCommand
{
    public static Command Create()
    {
        Option<string?> kubeconfig = ComponentOptions.Kubeconfig();
        Option<int> port = ComponentOptions.HealthPort(10259);
        Option<bool> elect = ComponentOptions.LeaderElect();
        var command = new Command("scheduler", "Bind pods to nodes.") { kubeconfig, port, elect };
        command.SetAction((parsed, cancellationToken) =>
        {
            IApiClient client = ComponentOptions.Client(parsed.GetValue(kubeconfig));
            return ComponentHost.RunAsync(
                null,
                async (logs, token) =>
                {
                    var options = new SchedulerOptions { LeaderElection = parsed.GetValue(elect) ? new LeaderElectionOptions { Name = "kube-scheduler", Identity = $"{NodeFacts.Name()}_{Guid.NewGuid():N}" } : null };
                    var scheduler = new Scheduler.Scheduler(client, options, logs, TimeProvider.System);
                    await using HealthServer health = await ComponentOptions.StartHealthAsync(parsed.GetValue(port), () => scheduler.IsReady, token);
                    await scheduler.RunAsync(token);
                },
                cancellationToken,
                tidies: true);
        });
        return command;
    }
}
