namespace Cluster.Dataplane.Dns;

/// <summary>Turns one query into one answer: from the zone at once, from the host's resolvers otherwise.</summary>
internal sealed class DnsResponder(IDnsZone zone, DnsForwarder forwarder)
{
    /// <summary>A datagram of this size answers any query; TCP allows more, which no answer of ours needs.</summary>
    public const int BufferBytes = 16 * 1024;

    /// <summary>The answer if it is known without asking anyone: bytes written, 0 for silence, or null where it must be asked for.</summary>
    public int? TryAnswer(ReadOnlySpan<byte> message, Span<byte> buffer, bool tcp)
    {
        var code = DnsQuery.Parse(message, out var query);
        if (code is null) return 0;
        if (code != DnsResponseCode.NoError) return DnsWriter.WriteCode(buffer, message, code.Value);
        var answer = zone.Answer(query.Question);
        if (answer is null || Alias(answer, query.Question) is not null) return null;
        return DnsWriter.Write(buffer, Limit(query, tcp), message, query, answer);
    }

    /// <summary>The answer to a query for which <see cref="TryAnswer"/> had none.</summary>
    public async Task<ReadOnlyMemory<byte>> AskAsync(ReadOnlyMemory<byte> message, bool tcp, CancellationToken cancellationToken)
    {
        DnsQuery.Parse(message.Span, out var query);
        if (zone.Answer(query.Question) is { } answer && Alias(answer, query.Question) is { } target)
        {
            var records = await forwarder.ResolveAsync(query.Question with { Name = target }, cancellationToken);
            var buffer = new byte[BufferBytes];
            var whole = answer with { Records = [.. answer.Records, .. records] };
            return buffer.AsMemory(0, DnsWriter.Write(buffer, Limit(query, tcp), message.Span, query, whole));
        }

        if (await forwarder.ForwardAsync(message, tcp, cancellationToken) is { } forwarded) return forwarded;
        var failure = new byte[message.Length];
        return failure.AsMemory(0, DnsWriter.WriteCode(failure, message.Span, DnsResponseCode.ServerFailure, query.QuestionBytes));
    }

    // A client's stub resolver does not follow aliases by itself: one that leads out of the zone is followed here. One that leads
    // to a name of the zone without such an address ends there.
    private string? Alias(DnsAnswer answer, DnsQuestion question) =>
        question.Type is DnsType.A or DnsType.AAAA
        && answer.Records is [.., NameRecord { Type: DnsType.CNAME } last]
        && zone.Answer(question with { Name = last.Target }) is null
            ? last.Target
            : null;

    private static int Limit(in DnsQuery query, bool tcp) => tcp ? BufferBytes : query.MaxUdpBytes;
}
