using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>Connections of a loop whose first bytes are kept until a backend answers: how they go on, to the answer or to another backend. Used by its loop's thread alone.</summary>
/// <param name="connector">Dials the next backend.</param>
/// <param name="reset">Ends a connection for which none is left, or whose client has gone.</param>
internal sealed class LoopReplays(BackendConnector connector, Action<LoopConnection> reset)
{
    private readonly Stack<ReplayBuffer> _free = new();

    /// <summary>From now on the client's bytes are kept.</summary>
    public void Begin(LoopConnection connection) => connection.Replay = _free.TryPop(out ReplayBuffer? replay) ? replay : new ReplayBuffer();

    /// <summary>Does what can be done at once; true once the directions go on by themselves.</summary>
    public bool Advance(LoopConnection connection, long now)
    {
        ReplayOutcome outcome = connection.Replay!.Advance(connection);
        switch (outcome)
        {
            case ReplayOutcome.Answered:
            // A backend that takes more than is kept works, whatever it will say.
            case ReplayOutcome.Overfull:
                if (connector.EntryOf(connection) is { } entry) connector.Answered(connection, entry);
                Leave(connection);
                return true;
            // An end in order is the backend's word where no other can be asked.
            case ReplayOutcome.BackendEnded when !connector.HasAnother(connection):
                Leave(connection);
                return true;
            case ReplayOutcome.BackendEnded:
            case ReplayOutcome.BackendFailed:
                GoOn(connection, outcome, now);
                return false;
            case ReplayOutcome.ClientFailed:
                reset(connection);
                return false;
            default:
                return false;
        }
    }

    /// <summary>A side has failed; true where the backend had answered before: then it is a failure as any other.</summary>
    public bool Fail(LoopConnection connection, bool ofBackend, long now)
    {
        if (!ofBackend)
        {
            reset(connection);
            return false;
        }

        if (ReplayBuffer.Look(connection) != ReplayOutcome.Answered)
        {
            GoOn(connection, ReplayOutcome.BackendFailed, now);
            return false;
        }

        Leave(connection);
        return true;
    }

    /// <summary>Nothing is kept any more.</summary>
    public void Forget(LoopConnection connection)
    {
        if (connection.Replay is not { } replay) return;
        replay.Clear();
        _free.Push(replay);
        connection.Replay = null;
    }

    private void Leave(LoopConnection connection)
    {
        connection.Replay!.HandOver(connection);
        Forget(connection);
        connector.Arrived(connection);
    }

    private void GoOn(LoopConnection connection, ReplayOutcome outcome, long now)
    {
        bool spoke = connection.Replay!.ClientSpoke;
        if (spoke) DataplaneMetrics.TcpReplays.Add(1);
        // What was known of the old socket; the new one tells of itself.
        connection.ToBackend.Writable = connection.ToClient.Readable = connection.ToClient.HangUp = false;
        if (!connector.Replay(connection, FirstBytes.IsFailure(outcome, spoke), now)) reset(connection);
    }
}
