namespace Cluster.Dataplane.Udp.Linux;

/// <summary>The sockets of one backend that wait for a question, the longest rested first.</summary>
internal sealed class QuestionPool
{
    /// <summary>
    /// So many rest at least: a second answer to an old question then meets a socket at rest, where it is thrown away, and not one that
    /// waits for somebody else's answer.
    /// </summary>
    private const int Resting = 16;

    // With the generation they were put back in: a flow that has ended since may serve somebody else by now.
    private readonly Queue<(LoopFlow Flow, uint Generation)> _resting = new();

    /// <summary>A rested socket; null where another one should be opened.</summary>
    /// <param name="any">However short it has rested.</param>
    public LoopFlow? Take(bool any)
    {
        while (_resting.Count > (any ? 0 : Resting))
        {
            (LoopFlow flow, uint generation) = _resting.Dequeue();
            if (flow.Generation == generation) return flow;
        }

        return null;
    }

    public void Return(LoopFlow flow) => _resting.Enqueue((flow, flow.Generation));
}
