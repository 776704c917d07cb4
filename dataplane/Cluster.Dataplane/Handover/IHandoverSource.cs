namespace Cluster.Dataplane.Handover;

/// <summary>What is handed over, as the giving side sees it. One caller, one call at a time.</summary>
internal interface IHandoverSource
{
    /// <summary>Rests: receives no datagrams and changes nothing any more; connections are served and accepted on. Then tells what there is to hand over.</summary>
    Task<HandedState> SuspendAsync();

    /// <summary>Goes on as if nothing had been: the next process could not take over.</summary>
    Task ResumeAsync();

    /// <summary>The next process serves: closes what that one has, accepts no more, and leaves the host's state to it. Established connections go on.</summary>
    Task LetGoAsync();
}
