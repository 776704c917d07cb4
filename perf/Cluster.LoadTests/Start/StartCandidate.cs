namespace Cluster.LoadTests.Start;

/// <summary>A program that serves a load balancer file.</summary>
/// <param name="Name">As tables name it.</param>
/// <param name="Command">The program and what comes before <c>--config</c>.</param>
internal sealed record StartCandidate(string Name, IReadOnlyList<string> Command);
