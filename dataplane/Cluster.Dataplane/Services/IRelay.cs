namespace Cluster.Dataplane.Services;

/// <summary>A way through the node for one protocol: listens on frontends and passes bytes to the backends the table names.</summary>
/// <remarks>
/// Opening and closing come from one caller; connections and datagrams are served meanwhile on the relay's own loops, which read
/// the table for each pick. A relay owns every socket and task it makes until it is disposed.
/// </remarks>
public interface IRelay : IAsyncDisposable
{
    ServiceProtocol Protocol { get; }

    /// <summary>Connections or sessions being served now. Any thread may ask.</summary>
    int Active { get; }

    /// <summary>Whether an open frontend takes sockets of its own, which the process has only so many of.</summary>
    bool TakesSocket(Frontend frontend) => true;

    /// <summary>
    /// Another relay of the protocol has been made, and the descriptors of the process are for both: from now on as many connections or sessions
    /// are served at most as half of them allow. What is more than that now ends as it would; a bound that was asked for by number stays.
    /// </summary>
    void Halve();

    /// <summary>Starts to serve a frontend, or says why it can't.</summary>
    FrontendResult Open(Frontend frontend);

    /// <summary>Stops accepting on a frontend; established connections go on.</summary>
    void Close(Frontend frontend);

    /// <summary>Another process serves still: frontends are opened but nothing is accepted or received before <see cref="Begin"/>. Before the first frontend.</summary>
    void Hold();

    /// <summary>Ends <see cref="Hold"/>.</summary>
    void Begin();

    /// <summary>
    /// Another process has every listening socket and every UDP flow: closes its own descriptors of them without a word to anybody.
    /// Established connections go on; nothing is opened any more.
    /// </summary>
    void LetGo();

    /// <summary>The backends of an open service port have changed: flows on backends that no longer serve must move.</summary>
    void BackendsChanged(ServiceEntry entry);
}
