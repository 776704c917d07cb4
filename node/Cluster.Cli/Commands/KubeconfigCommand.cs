using System.CommandLine;
using Cluster.Cli.Hosting;

namespace Cluster.Cli.Commands;

/// <summary><c>cluster kubeconfig</c>: prints the administrator's kubeconfig.</summary>
internal static class KubeconfigCommand
{
    public static Command Create()
    {
        Option<string> data = ClusterOptions.DataOption();
        var command = new Command("kubeconfig", "Print the administrator's kubeconfig.") { data };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            DataDirectory folder = DataDirectory.At(parsed.GetValue(data)!);
            Console.Write(await ReadAsync(folder, cancellationToken));
            return 0;
        });
        return command;
    }

    private static async Task<string> ReadAsync(DataDirectory folder, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync(folder.Kubeconfig, cancellationToken);
        }
        catch (UnauthorizedAccessException)
        {
            throw new CliException($"no permission to read {folder.Kubeconfig}: run as root");
        }
        catch (IOException)
        {
            throw new CliException($"there is no {folder.Kubeconfig}: bring a cluster up first with `cluster up`, or name its folder with --data DIR");
        }
    }
}
