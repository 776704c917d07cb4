using System.CommandLine;
using Cluster.Cli.Hosting;

namespace Cluster.Cli.Commands;

/// <summary><c>cluster down</c>: stops what <c>up</c> started and removes what it made on the host.</summary>
internal static class DownCommand
{
    public static Command Create()
    {
        Option<string> data = ClusterOptions.DataOption();
        var purge = new Option<bool>("--purge") { Description = "remove the cluster's data too" };
        var command = new Command("down", "Stop the cluster, leaving no container, process, route, rule or mount behind.") { data, purge };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            DataDirectory folder = DataDirectory.At(parsed.GetValue(data)!);
            if (!Environment.IsPrivilegedProcess) throw new CliException("down needs root: run it as root, or with sudo");
            if (!Directory.Exists(folder.Run))
            {
                Console.WriteLine($"no cluster was brought up in {folder.Root}");
                return 0;
            }

            IReadOnlyList<string> left = await new Teardown(folder, Console.Out, TimeProvider.System).RunAsync(cancellationToken);
            foreach (string failure in left) Console.Error.WriteLine($"cluster: could not remove {failure}");
            if (left.Count > 0) return 1;
            if (parsed.GetValue(purge)) await folder.PurgeAsync(cancellationToken);
            Console.WriteLine(parsed.GetValue(purge) ? "down; the data is removed" : $"down; the data stays in {folder.Root} (--purge removes it)");
            return 0;
        });
        return command;
    }
}
