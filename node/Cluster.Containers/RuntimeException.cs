namespace Cluster.Containers;

/// <summary>How a call to the engine failed, where a caller may care.</summary>
public enum RuntimeFailure
{
    /// <summary>The engine refused or could not: the message is its own.</summary>
    Refused,
    NotFound,
    Conflict,
    Timeout,

    /// <summary>The engine could not be reached.</summary>
    Unavailable,
}

/// <summary>A call to the container engine failed.</summary>
public sealed class RuntimeException : Exception
{
    public RuntimeException(RuntimeFailure failure, string message, Exception? inner = null)
        : base(message, inner) => Failure = failure;

    public RuntimeFailure Failure { get; }
}
