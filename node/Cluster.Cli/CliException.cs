namespace Cluster.Cli;

/// <summary>A failure that one clear line explains: what, where, what to do. Ends the program with <see cref="ExitCode"/>.</summary>
internal sealed class CliException(string message, int exitCode = 1) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
