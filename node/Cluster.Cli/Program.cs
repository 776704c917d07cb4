using System.CommandLine;
using Cluster.Cli;
using Cluster.Cli.Commands;

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
};

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
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
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
