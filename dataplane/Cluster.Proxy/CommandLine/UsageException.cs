namespace Cluster.Proxy.CommandLine;

/// <summary>A command line or a configuration that can't be used; the message says where, what and what is meant instead.</summary>
/// <param name="message">One line.</param>
/// <param name="exitCode">2 for a mistake in what was typed, 1 for what it leads to: a file, a server.</param>
public sealed class UsageException(string message, int exitCode = 2) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
