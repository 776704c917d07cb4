namespace Cluster.Dataplane.Handover;

/// <summary>A process can't take over from another, or give over to it; the message says why. The other one goes on serving, unless <see cref="IsGone"/>.</summary>
public sealed class HandoverException : Exception
{
    public HandoverException(string message)
        : base(message)
    {
    }

    public HandoverException(string message, Exception inner)
        : base(message, inner)
    {
    }

    public HandoverException()
    {
    }

    /// <summary>The other process has closed the talk without a word, as one does that is killed.</summary>
    public bool IsGone { get; init; }
}
