using System.Net;

namespace Cluster.Dataplane.Dns;

/// <summary>How the DNS server answers and asks. Read at start.</summary>
public sealed record DnsServerOptions
{
    /// <summary>Threads that answer datagrams, each with a socket of its own, where the system has such loops. One answers some hundred thousand a second.</summary>
    public int Loops { get; init; } = Math.Clamp(Environment.ProcessorCount / 4, 1, 4);

    /// <summary>
    /// Answers the first name that a pod's resolver makes of a name by its search path with what that name leads to in the end, so that it
    /// need not try the rest.
    /// </summary>
    public bool SearchShortcuts { get; init; } = true;

    /// <summary>Clients whose names outside of the domain are looked for so too: pods. Empty: all.</summary>
    public IReadOnlyList<IPNetwork> ShortcutClients { get; init; } = [];

    /// <summary>Answers of other servers that are kept at most.</summary>
    public int CacheEntries { get; init; } = 10_000;

    /// <summary>And their bytes.</summary>
    public long CacheBytes { get; init; } = 16 << 20;

    /// <summary>No answer is kept longer, whatever its TTL says.</summary>
    public TimeSpan LongestTtl { get; init; } = TimeSpan.FromHours(1);

    /// <summary>That there is nothing is kept no longer.</summary>
    public TimeSpan LongestNegativeTtl { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long it is remembered that no server could say what a name has: so long nobody waits for the same failure again, and the servers are not asked
    /// (RFC 9520, 3.2: 1 s at least).
    /// </summary>
    public TimeSpan FailureTtl { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an answer may serve beyond its TTL while no server can be asked (RFC 8767). Zero for not at all.</summary>
    public TimeSpan StaleTime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Questions under way to other servers at most; beyond it they fail at once.</summary>
    public int MaxQuestions { get; init; } = 512;

    /// <summary>A question to other servers ends by then. Resolvers give up after 5 s: a failure before that lets them go on.</summary>
    public TimeSpan QuestionTime { get; init; } = TimeSpan.FromSeconds(4.5);

    /// <summary>It ends by then where there is a stale answer to fall back on.</summary>
    public TimeSpan StaleQuestionTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>TCP connections at most.</summary>
    public int MaxConnections { get; init; } = 256;

    /// <summary>TCP connections of one client address at most: nobody keeps the others out.</summary>
    public int MaxConnectionsOfClient { get; init; } = 32;

    /// <summary>How long a TCP connection may say nothing, or take to say a query. A tenth of it while more than half of the connections are in use.</summary>
    public TimeSpan ConnectionIdle { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Queries of one TCP connection that may wait for other servers at a time.</summary>
    public int MaxPipelined { get; init; } = 32;
}
