using System.CommandLine;
using Cluster.Containers;
using Cluster.Containers.Docker;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Cli.Commands;

/// <summary><c>cluster engine start|stop</c>: the container engine alone, as <c>up</c> and <c>down</c> see to it.</summary>
internal static class EngineCommand
{
    public static Command Create() => new("engine", "Start the container engine as up does, or stop it if it was started so.")
    {
        Verb("start", "Install the engine where it is missing, and start it.", async (engine, cancellationToken) => await engine.EnsureAsync(cancellationToken)),
        Verb("stop", "Stop the engine if it was started here and no container runs.", (engine, cancellationToken) => engine.StopIfOursAsync(cancellationToken)),
    };

    private static Command Verb(string name, string description, Func<DockerEngine, CancellationToken, Task> act)
    {
        Option<string> data = ClusterOptions.DataOption();
        var command = new Command(name, description) { data };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            try
            {
                await act(new DockerEngine(new DockerEngineOptions { DataRoot = parsed.GetValue(data)! }, NullLogger.Instance), cancellationToken);
                return 0;
            }
            catch (RuntimeException failure)
            {
                throw new CliException(failure.Message);
            }
        });
        return command;
    }
}
