namespace Cluster.Storage.Embedded;

/// <summary>One write in the writer's queue.</summary>
internal abstract class WriterTask
{
    /// <summary>True if the caller has gone before the write began: it must not be done any more.</summary>
    public abstract bool TryWithdraw();

    /// <summary>Does the write inside the group's transaction; may be undone with the group.</summary>
    public abstract void Apply(GroupCommit group);

    /// <summary>The group is on the disk.</summary>
    public abstract void Acknowledge();

    public abstract void Refuse(Exception reason);
}

/// <summary>A write with its answer.</summary>
internal sealed class WriterTask<T>(Func<GroupCommit, T> work, CancellationToken cancellationToken) : WriterTask
{
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _outcome;

    /// <summary>Completes after the fsync, never before.</summary>
    public Task<T> Answer => _answer.Task;

    public override bool TryWithdraw() => cancellationToken.IsCancellationRequested && _answer.TrySetCanceled(cancellationToken);

    public override void Apply(GroupCommit group) => _outcome = work(group);

    public override void Acknowledge() => _answer.TrySetResult(_outcome!);

    public override void Refuse(Exception reason) => _answer.TrySetException(reason);
}
