namespace Cluster.Containers;

/// <summary>How a command in a container ended.</summary>
/// <param name="ExitCode">Meaningless when it timed out.</param>
/// <param name="Output">The first 10 KiB of stdout and stderr together.</param>
public readonly record struct ExecResult(int ExitCode, string Output, bool TimedOut);
