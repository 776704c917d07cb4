namespace Cluster.Containers;

/// <summary>A piece of what a process wrote.</summary>
/// <param name="Count">Bytes in the caller's buffer; 0: both its outputs ended.</param>
/// <param name="IsError">It was written to stderr.</param>
public readonly record struct SessionOutput(int Count, bool IsError);
