using Cluster.Dataplane.Handover;

namespace Cluster.Dataplane.Services;

/// <summary>A relay whose flows can pass to another process. Called by the relay's one caller.</summary>
internal interface IFlowRelay : IRelay
{
    /// <summary>Receives nothing any more, from clients or backends; what comes waits in the kernel. Returns when that is so.</summary>
    void Suspend();

    /// <summary>Ends <see cref="Suspend"/>.</summary>
    void Resume();

    /// <summary>The flows there are, while it is suspended; their descriptors stay its own.</summary>
    IReadOnlyList<HandedFlow> Flows();

    /// <summary>Goes on with flows of another process, before <see cref="IRelay.Begin"/>: takes those of its own sockets, closes those that nobody serves any more, and returns the rest.</summary>
    IReadOnlyList<HandedFlow> Adopt(IReadOnlyList<HandedFlow> flows);
}
