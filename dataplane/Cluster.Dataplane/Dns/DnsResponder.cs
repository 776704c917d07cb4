using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Dns;

/// <summary>Turns a query into its answer, in the buffer it came in: from the zone, or from what other servers said.</summary>
/// <remarks>Called by any thread, each with its own workspace. Takes no lock; what the zone or the cache knows is answered without allocating.</remarks>
internal sealed class DnsResponder(DnsZone zone, DnsCache cache, Func<ResolverSettings> resolvers, DnsServerOptions options)
{
    /// <summary>Instead of a length: another server must be asked first, what stands in the workspace.</summary>
    public const int Ask = -1;

    /// <summary>Room that a query in its buffer needs behind it: the largest answer over UDP, or over TCP.</summary>
    public const int MaxUdpBytes = DnsQuery.MostUdpBytes, MaxTcpBytes = ushort.MaxValue;

    /// <summary>Aliases of the zone followed in one answer: no ring of them leads on for ever.</summary>
    private const int MaxAliases = 8;

    /// <summary>Questions to other servers for one query: a search path has no more.</summary>
    private const int MaxQuestions = 8;

    /// <summary>SRV targets whose addresses are brought along.</summary>
    private const int MaxTargets = 16;

    private readonly AddressRange[] _shortcutClients = [.. options.ShortcutClients.Select(AddressRange.From)];

    /// <summary>Answers a query.</summary>
    /// <param name="buffer">The query at its beginning, which the answer takes the place of; at least as long as the largest answer.</param>
    /// <param name="length">The query's length.</param>
    /// <param name="tcp">Large answers may be given.</param>
    /// <param name="workspace">The calling thread's.</param>
    /// <returns>The answer's length, 0 for silence, or <see cref="Ask"/>: the buffer is the query still.</returns>
    public int Answer(Span<byte> buffer, int length, bool tcp, DnsWorkspace workspace)
    {
        if (DnsQuery.Parse(buffer[..length], workspace, out DnsQuery query) is not { } code) return Silence(workspace);
        var writer = new AnswerWriter(buffer, query, tcp ? MaxTcpBytes : query.MaxUdpBytes);
        bool authoritative = code == DnsResponseCode.NoError;
        if (authoritative)
        {
            if (Resolve(ref writer, query, workspace, ref authoritative) is not { } found) return Ask;
            code = found;
        }

        workspace.Counts.Answered(query.Type, code);
        if (writer.IsTruncated) workspace.Counts.Truncated++;
        return writer.Finish(code, authoritative);
    }

    /// <summary>Looks queries of batches up ahead; for one thread.</summary>
    public DnsLookAhead LookAhead(int capacity) => zone.LookAhead(capacity);

    private static int Silence(DnsWorkspace workspace)
    {
        workspace.Counts.Dropped++;
        return 0;
    }

    // The code, or null where another server must be asked.
    private DnsResponseCode? Resolve(ref AnswerWriter writer, in DnsQuery query, DnsWorkspace workspace, ref bool authoritative)
    {
        if (zone.Find(workspace.Name(query.NameBytes)) is { } node) return AddNode(ref writer, node, query, workspace, DnsHeader.Bytes);
        int ending = workspace.Labels - zone.DomainLabels;
        if (ending >= 0 && zone.Owns(workspace.Name(query.NameBytes), workspace.Name(query.NameBytes, ending))) return ResolveMissing(ref writer, query, workspace, ending);
        authoritative = false;
        if (FindUpstream(workspace.Name(query.NameBytes), query.Type, workspace) is not { } answer) return null;
        // A failure is told as a bare code: what came with it is of no use.
        if (!answer.IsFailure) writer.AddMessage(answer, workspace.Now);
        return answer.Code;
    }

    // What a name of the zone has; the names an alias leads to after it.
    private DnsResponseCode? AddNode(ref AnswerWriter writer, DnsNode node, in DnsQuery query, DnsWorkspace workspace, int owner)
    {
        // Known before the first byte is written: where another server must be asked the buffer has to be the query still.
        UpstreamAnswer? beyond = null;
        if (node.Alias is not null && query.Type is DnsType.A or DnsType.AAAA && Beyond(node) is { IsEmpty: false } outside
            && (beyond = FindUpstream(outside, query.Type, workspace)) is null) return null;
        for (int aliases = 0; ; aliases++)
        {
            if (query.Type == DnsType.ANY)
            {
                foreach (DnsRecordSet each in node.Sets) writer.AddAnswers(each, 0, owner);
                if (node.Sets.Length == 0) AddAuthority(ref writer, query, workspace);
                return DnsResponseCode.NoError;
            }

            if (node.Find(query.Type) is { } set)
            {
                int start = writer.Position;
                writer.AddAnswers(set, workspace.NextTurn(), owner);
                if (set.Type == DnsType.SRV) AddTargets(ref writer, set, start);
                return DnsResponseCode.NoError;
            }

            if (node.Alias is not { } alias || aliases == MaxAliases)
            {
                AddAuthority(ref writer, query, workspace);
                return DnsResponseCode.NoError;
            }

            int place = writer.Position + DnsRecordSet.TargetOffset(DnsType.CNAME);
            writer.AddAnswers(alias, 0, owner);
            // Only addresses are looked for behind an alias: a stub resolver does not follow it by itself.
            if (writer.IsTruncated || query.Type is not (DnsType.A or DnsType.AAAA)) return DnsResponseCode.NoError;
            ReadOnlySpan<byte> target = alias.Record(0)[DnsRecordSet.TargetOffset(DnsType.CNAME)..];
            if (zone.Find(target) is not { } next)
            {
                if (beyond is { IsFailure: false }) beyond.AddTo(ref writer, workspace.Now);
                // The code is of the name an alias leads to (RFC 6604): a failure is not to be taken for a name without addresses.
                return beyond?.Code ?? DnsResponseCode.NoError;
            }

            (node, owner) = (next, place);
        }
    }

    // The name out of the domain that a chain of aliases ends at; empty where it ends inside.
    private ReadOnlySpan<byte> Beyond(DnsNode node)
    {
        for (int aliases = 0; aliases <= MaxAliases && node.Alias is { } alias; aliases++)
        {
            ReadOnlySpan<byte> target = alias.Record(0)[DnsRecordSet.TargetOffset(DnsType.CNAME)..];
            if (zone.Find(target) is not { } next) return zone.Owns(target) ? [] : target;
            node = next;
        }

        return [];
    }

    // A name of the domain that stands nowhere: a pod's by its address, the beginning of a search, or none.
    private DnsResponseCode? ResolveMissing(ref AnswerWriter writer, in DnsQuery query, DnsWorkspace workspace, int ending)
    {
        if (ending == 3 && workspace.Label(2).SequenceEqual("pod"u8))
        {
            Span<byte> address = stackalloc byte[16];
            int bytes = PodNames.Parse(workspace.Label(0), address);
            if (bytes > 0)
            {
                DnsType type = bytes == 4 ? DnsType.A : DnsType.AAAA;
                if (query.Type == type || query.Type == DnsType.ANY) writer.AddAddress(type, address[..bytes], zone.TtlSeconds);
                else AddAuthority(ref writer, query, workspace);
                return DnsResponseCode.NoError;
            }
        }

        if (!zone.IsLoaded) return DnsResponseCode.ServerFailure;
        if (options.SearchShortcuts && query.Type is DnsType.A or DnsType.AAAA && ending >= 4 && workspace.Label(ending - 1).SequenceEqual("svc"u8))
        {
            SearchResult result = Shorten(ref writer, query, workspace, ending - 2);
            if (result == SearchResult.Ask) return null;
            if (result == SearchResult.Found)
            {
                workspace.Counts.Shortcuts++;
                return DnsResponseCode.NoError;
            }
        }

        AddAuthority(ref writer, query, workspace);
        return DnsResponseCode.NameError;
    }

    // The name is X.namespace.svc.domain, and nothing is called so: the first that a pod of the namespace asks when it means X. What its
    // resolver would ask next is looked at here, in the same order, and answered as what the name is an alias of.
    private SearchResult Shorten(ref AnswerWriter writer, in DnsQuery query, DnsWorkspace workspace, int labels)
    {
        if (zone.Find(workspace.Name(query.NameBytes, labels)) is null) return SearchResult.None;
        if (TryShorten(ref writer, query, workspace, workspace.Joined(labels, zone.Services))) return SearchResult.Found;
        if (TryShorten(ref writer, query, workspace, workspace.Joined(labels, zone.Domain))) return SearchResult.Found;
        ReadOnlySpan<byte> name = workspace.Joined(labels, [0]);
        if (TryShorten(ref writer, query, workspace, name)) return SearchResult.Found;
        // An endpoint of a service that is not ready, or a name of the domain that is not there, is nobody else's to know.
        if (zone.Owns(name) || zone.Find(workspace.Name(query.NameBytes, labels - 1)) is not null || workspace.Label(0)[0] == (byte)'_') return SearchResult.None;
        if (_shortcutClients.Length > 0 && !AddressRange.AnyContains(_shortcutClients, workspace.Client)) return SearchResult.None;
        foreach (byte[] search in resolvers().Endings)
        {
            ReadOnlySpan<byte> candidate = workspace.Joined(labels, search);
            if (candidate.IsEmpty || zone.Owns(candidate)) continue;
            SearchResult result = ShortenUpstream(ref writer, query, workspace, candidate, last: false);
            if (result != SearchResult.Next) return result;
        }

        return ShortenUpstream(ref writer, query, workspace, workspace.Joined(labels, [0]), last: true);
    }

    private bool TryShorten(ref AnswerWriter writer, in DnsQuery query, DnsWorkspace workspace, ReadOnlySpan<byte> target)
    {
        // An alias out of the domain is left to the resolver's own search: it would be asked for upstream here.
        if (zone.Find(target) is not { Alias: null } node || node.Sets.Length == 0) return false;
        int place = writer.AddAlias(target, zone.TtlSeconds);
        if (place > 0) AddNode(ref writer, node, query, workspace, place);
        return true;
    }

    private SearchResult ShortenUpstream(ref AnswerWriter writer, in DnsQuery query, DnsWorkspace workspace, ReadOnlySpan<byte> target, bool last)
    {
        if (FindUpstream(target, query.Type, workspace) is not { } answer) return SearchResult.Ask;
        // What the servers can't tell now they may tell when the resolver asks by itself.
        if (answer.IsFailure) return SearchResult.None;
        if (answer.Code == DnsResponseCode.NameError) return SearchResult.Next;
        bool found = answer.HasType();
        // Without such an address the name may have one of the other family: the same is said of both, so that the two agree.
        if (!found && !last) return SearchResult.Next;
        writer.AddAlias(target, found ? (int)Math.Min(zone.TtlSeconds, answer.TtlSeconds) : zone.TtlSeconds);
        answer.AddTo(ref writer, workspace.Now);
        if (!found) AddAuthority(ref writer, query, workspace);
        return SearchResult.Found;
    }

    private UpstreamAnswer? FindUpstream(ReadOnlySpan<byte> name, DnsType type, DnsWorkspace workspace)
    {
        if (workspace.Known is { } known)
        {
            foreach (UpstreamAnswer answer in known)
                if (answer.Is(name, type)) return answer;
            if (known.Count >= MaxQuestions) return UpstreamAnswer.Failure(new UpstreamQuestion(name.ToArray(), type), DnsResponseCode.ServerFailure, workspace.Now);
        }

        if (cache.Find(name, type, workspace.Now) is { } cached)
        {
            workspace.Counts.CacheHits++;
            return cached;
        }

        workspace.Counts.CacheMisses++;
        workspace.Needed = new UpstreamQuestion(name.ToArray(), type);
        return null;
    }

    // The addresses of SRV targets, which spare the asker a question each. They stand in the message by the records' own targets.
    private void AddTargets(ref AnswerWriter writer, DnsRecordSet set, int start)
    {
        if (writer.IsTruncated || start + set.Bytes.Length > DnsHeader.MaxPointer) return;
        int offset = DnsRecordSet.TargetOffset(DnsType.SRV);
        ReadOnlySpan<byte> before = [];
        var reader = new DnsReader(writer.Written, start);
        for (int i = 0; i < Math.Min(set.Count, MaxTargets); i++)
        {
            int record = reader.Position;
            if (!reader.TrySkipRecord(out _)) return;
            ReadOnlySpan<byte> target = writer.Written[(record + offset)..reader.Position];
            // Ports of one service all lead to its name.
            if (target.SequenceEqual(before)) continue;
            before = target;
            if (zone.Find(target) is not { } node) continue;
            if (node.Find(DnsType.A) is { } v4) writer.AddAdditional(v4, record + offset);
            if (node.Find(DnsType.AAAA) is { } v6) writer.AddAdditional(v6, record + offset);
        }
    }

    // The zone's name is the end of the question's. A reverse name is not below the domain: it is its own zone then.
    private void AddAuthority(ref AnswerWriter writer, in DnsQuery query, DnsWorkspace workspace)
    {
        int ending = workspace.Labels - zone.DomainLabels;
        bool below = ending >= 0 && zone.Owns(workspace.Name(query.NameBytes), workspace.Name(query.NameBytes, ending));
        writer.AddAuthority(zone, below ? DnsHeader.Bytes + query.NameBytes - zone.Domain.Length : DnsHeader.Bytes);
    }

    private enum SearchResult
    {
        /// <summary>The name is told not to exist: the resolver goes on by itself.</summary>
        None,

        /// <summary>Not this one: the next of the search path.</summary>
        Next,

        /// <summary>Answered.</summary>
        Found,

        /// <summary>Another server must be asked.</summary>
        Ask,
    }
}
