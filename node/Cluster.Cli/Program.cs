using System.CommandLine;
using Cluster.Cli;
using Cluster.Cli.Commands;
using Cluster.Cli.Hosting;

KindPreparation.Begin(args);

var root = new RootCommand("Cluster: Kubernetes' original architecture, data plane first.")
{
    UpCommand.Create(),
    DownCommand.Create(),
    StatusCommand.Create(),
    KubeconfigCommand.Create(),
    DemoCommand.Create(),
    ApiServerCommand.Create(),
    SchedulerCommand.Create(),
    ControllerManagerCommand.Create(),
    KubeletCommand.Create(),
    ProxyCommand.Create(),
    EngineCommand.Create(),
    SecretsCommand.Create(),
};

// Root by `su` has a PATH without the folders of nft, iptables and dockerd.
Environment.SetEnvironmentVariable("PATH", Environment.GetEnvironmentVariable("PATH") + ":/usr/local/sbin:/usr/sbin:/sbin");

ParseResult parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    // One line a mistake; the whole help would hide it.
    foreach (var error in parsed.Errors) Console.Error.WriteLine($"cluster: {error.Message}");
    Console.Error.WriteLine($"cluster: `cluster {string.Join(' ', parsed.CommandResult.Command.Parents.Any() ? [parsed.CommandResult.Command.Name, "--help"] : ["--help"])}` lists what there is");
    return 2;
}

try
{
    // On a signal components get their own times to stop, which add up to less than this.
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(60) });
}
catch (OperationCanceledException)
{
    return 130;
}
catch (CliException failure)
{
    Console.Error.WriteLine($"cluster: {failure.Message}");
    return failure.ExitCode;
}
catch (Exception failure) when (Failures.Explain(failure) is { } line)
{
    // What the machine refused (disk, network, permission, the engine) is one line; a bug of ours keeps its stack trace.
    Console.Error.WriteLine($"cluster: {line}");
    return 1;
}
