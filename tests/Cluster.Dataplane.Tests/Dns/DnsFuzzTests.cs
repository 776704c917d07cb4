using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Dns;

namespace Cluster.Dataplane.Tests.Dns;

/// <summary>Messages that nobody would write. CLUSTER_FUZZ_SECONDS says how long each test goes on, CLUSTER_FUZZ_SEED where it begins.</summary>
public sealed class DnsFuzzTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable("CLUSTER_FUZZ_SECONDS") ?? "1.5", CultureInfo.InvariantCulture));
    private static readonly int Seed = int.Parse(Environment.GetEnvironmentVariable("CLUSTER_FUZZ_SEED") ?? "1", CultureInfo.InvariantCulture);

    private static readonly string[] Names =
    [
        "web.shop.svc.cluster.local", "_sql._tcp.db.shop.svc.cluster.local", "many.shop.svc.cluster.local", "outside.shop.svc.cluster.local",
        "10-244-0-7.shop.pod.cluster.local", "fd00--7.shop.pod.cluster.local", "web.shop.default.svc.cluster.local",
        "www.example.com.default.svc.cluster.local", "5.0.96.10.in-addr.arpa", "www.example.com", "",
    ];

    private static readonly DnsType[] Types = [DnsType.A, DnsType.AAAA, DnsType.SRV, DnsType.PTR, DnsType.ANY, DnsType.OPT, DnsType.TXT, DnsType.AXFR];

    [Fact]
    public void Answer_RandomAndChangedQueries_IsAWholeMessageWithinItsLimitOrSilence()
    {
        var random = new Random(Seed);
        var rig = new DnsRig();
        var buffer = new byte[DnsResponder.MaxTcpBytes];
        long count = 0;
        for (long began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < Limit; count++)
        {
            byte[] query = Query(random);
            bool tcp = random.Next(8) == 0;
            query.CopyTo(buffer, 0);
            bool passedOn = false;
            int size = rig.Responder.Answer(buffer, query.Length, tcp, rig.Workspace);
            if (size == DnsResponder.Ask)
            {
                Assert.Equal(query, buffer[..query.Length]);
                passedOn = rig.Workspace.Needed!.Is(rig.Workspace.Name(rig.Workspace.Needed.Name.Length), rig.Workspace.Needed.Type);
                size = AnswerWith(Said(rig.Workspace.Needed!, random), rig, buffer, query.Length, tcp);
            }

            // What can't be answered without asking more than was given is fine too.
            if (size <= 0) continue;
            Assert.InRange(size, DnsHeader.Bytes, tcp ? DnsResponder.MaxTcpBytes : DnsResponder.MaxUdpBytes);
            Assert.Equal(query[..2], buffer[..2]);
            Assert.Equal(0x80, buffer[2] & 0x80);
            // What another server's records have inside is passed on as it came.
            if (!passedOn) DnsMessage.Parse(buffer.AsSpan(0, size));
        }

        Assert.True(count > 1000);
    }

    [Fact]
    public void Read_RandomAndChangedAnswersOfOtherServers_IsBoundedAndNeverThrows()
    {
        var random = new Random(Seed + 1);
        var buffer = new byte[DnsResponder.MaxTcpBytes];
        for (long began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < Limit;)
        {
            var question = new UpstreamQuestion(WireName.FromText(Names[random.Next(Names.Length)])!, random.Next(2) == 0 ? DnsType.A : DnsType.AAAA);
            if (Said(question, random) is not { } answer) continue;
            answer.HasType();
            var query = DnsMessage.Query(WireName.ToText(question.Name), question.Type, 1232);
            query.CopyTo(buffer, 0);
            DnsQuery.Parse(query, new DnsWorkspace(new DnsCounts()), out DnsQuery parsed);
            var writer = new AnswerWriter(buffer, parsed, DnsResponder.MaxUdpBytes);
            answer.AddTo(ref writer, 1000);
            DnsMessage.Parse(buffer.AsSpan(0, writer.Finish(DnsResponseCode.NoError, false)));
        }
    }

    [Fact]
    public void Read_PointersUpToTheirLimit_ComesToItsEnd()
    {
        // Each pointer leads to the one before it: as long a chain as there can be, from as many records as fit.
        var question = new UpstreamQuestion(WireName.FromText("a")!, DnsType.A);
        var message = new byte[ushort.MaxValue];
        question.ToMessage(edns: false).CopyTo(message, 0);
        int start = DnsHeader.Bytes + question.Name.Length + 4;
        int records = (message.Length - start) / 12;
        for (int i = 0; i < records; i++)
        {
            int at = start + (i * 12);
            int target = i % 120 == 0 || at > DnsHeader.MaxPointer ? DnsHeader.Bytes : at - 12;
            DnsHeader.SetUInt16(message, at, 0xC000 | target);
            message[at + 3] = 16;
            message[at + 5] = 1;
        }

        DnsHeader.SetUInt16(message, DnsHeader.Answers, records);
        var answer = UpstreamAnswer.Read(message.AsSpan(0, start + (records * 12)), question, TimeSpan.FromHours(1), TimeSpan.FromHours(1), 0)!;
        var buffer = new byte[DnsResponder.MaxTcpBytes];
        var query = DnsMessage.Query("a", DnsType.A);
        query.CopyTo(buffer, 0);
        DnsQuery.Parse(query, new DnsWorkspace(new DnsCounts()), out DnsQuery parsed);
        var writer = new AnswerWriter(buffer, parsed, DnsResponder.MaxTcpBytes);
        Assert.False(answer.AddTo(ref writer, 0));
        Assert.Equal(records, answer.Answers);
    }

    [Fact]
    public void Answer_RandomRecords_AreReadBackAsTheyWereWritten()
    {
        var random = new Random(Seed + 2);
        var rig = new DnsRig();
        for (long began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < Limit;)
        {
            string name = $"{Label(random)}.{Label(random)}.cluster.local";
            List<(DnsRecord Record, string Data)> records = [.. Enumerable.Range(0, random.Next(1, 20)).Select(_ => Record(random))];
            rig.Zone.Set(name, [.. records.Select(record => record.Record)]);
            foreach (var type in records.Select(record => record.Record.Type).Distinct())
            {
                var expected = records.Where(record => record.Record.Type == type).Select(record => record.Data).Distinct().Order(StringComparer.Ordinal);
                Assert.Equal(expected, rig.Ask(name, type, tcp: true).Data);
            }

            rig.Zone.Remove(name);
            Assert.Equal(DnsResponseCode.NameError, rig.Ask(name, DnsType.A).Code);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public async Task Server_RandomDatagramsAndStreams_GoesOnAnswering(int loops)
    {
        var random = new Random(Seed + 3);
        await using var rig = new DnsServerRig(new DnsServerOptions { Loops = loops, QuestionTime = TimeSpan.FromMilliseconds(100) });
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(rig.EndPoint);
        int sent = 0;
        for (long began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < Limit;)
        {
            await socket.SendAsync(Query(random));
            // Now and then a resolver asks in earnest, before the server's queue overflows and datagrams are lost.
            if (++sent % 100 != 0) continue;
            Assert.Equal(["10.96.0.5"], (await rig.UdpAsync("web.shop.svc.cluster.local")).Data);
            await using var stream = await rig.ConnectAsync();
            try
            {
                await DnsServerRig.WriteAsync(stream, Query(random), Query(random));
            }
            catch (IOException)
            {
                // Ended by the server already.
            }
        }

        Assert.Equal(["10.96.0.5"], (await rig.TcpAsync("web.shop.svc.cluster.local")).Data);
    }

    private static int AnswerWith(UpstreamAnswer? known, DnsRig rig, byte[] buffer, int length, bool tcp)
    {
        var question = rig.Workspace.Needed!;
        rig.Workspace.Known = [known ?? UpstreamAnswer.Failure(question, DnsResponseCode.ServerFailure, 0)];
        int size = rig.Responder.Answer(buffer, length, tcp, rig.Workspace);
        rig.Workspace.Known = null;
        return size;
    }

    private static byte[] Query(Random random)
    {
        if (random.Next(4) == 0)
        {
            var noise = new byte[random.Next(0, 300)];
            random.NextBytes(noise);
            if (noise.Length > 5) (noise[2], noise[4], noise[5]) = (0, 0, 1);
            return noise;
        }

        int? edns = random.Next(3) == 0 ? null : random.Next(65_536);
        return Changed(DnsMessage.Query(Names[random.Next(Names.Length)], Types[random.Next(Types.Length)], edns), random, DnsHeader.Bytes);
    }

    private static UpstreamAnswer? Said(UpstreamQuestion question, Random random)
    {
        byte[][] records = [.. Enumerable.Range(0, random.Next(6)).Select(_ => random.Next(3) switch
        {
            0 => DnsMessage.Record(null, DnsType.CNAME, random.Next(), random.Next(2) == 0 ? [0xC0, 12] : [1, (byte)'x', 0xC0, 12]),
            1 => DnsMessage.Record("a.example", DnsType.AAAA, 60, IPAddress.IPv6Loopback.GetAddressBytes()),
            _ => DnsMessage.Record(null, DnsType.A, 60, [10, 0, 0, 1]),
        })];
        byte[] message = Changed(DnsMessage.Answer(question.ToMessage(edns: true), random.Next(6), records), random, DnsHeader.Bytes + question.Name.Length + 4);
        return message.Length < DnsHeader.Bytes + question.Name.Length + 4
            ? null
            : UpstreamAnswer.Read(message, question, TimeSpan.FromHours(1), TimeSpan.FromMinutes(1), 0);
    }

    // A few bytes others, cut off, or more of it: the header's counts too, and now and then nothing.
    private static byte[] Changed(byte[] message, Random random, int from)
    {
        for (int changes = random.Next(5); changes > 0; changes--)
        {
            if (random.Next(3) > 0) message[random.Next(Math.Min(from, message.Length - 1), message.Length)] = random.Next(3) == 0 ? (byte)(0xC0 | random.Next(2)) : (byte)random.Next(256);
            else message[random.Next(4, DnsHeader.Bytes)] = (byte)random.Next(4);
        }

        return random.Next(6) switch
        {
            0 => message[..random.Next(message.Length)],
            1 => [.. message, .. message[random.Next(message.Length)..]],
            _ => message,
        };
    }

    private static string Label(Random random) => new([.. Enumerable.Range(0, random.Next(1, 64)).Select(_ => (char)('a' + random.Next(26)))]);

    private static (DnsRecord Record, string Data) Record(Random random)
    {
        var bytes = new byte[random.Next(2) == 0 ? 4 : 16];
        random.NextBytes(bytes);
        var address = new IPAddress(bytes);
        string target = $"{Label(random)}.{Label(random)}";
        int port = random.Next(65_536);
        return random.Next(4) switch
        {
            0 => (new NameRecord(DnsType.PTR, target, 5), target),
            1 => (new ServerRecord(1, 2, port, target, 5), $"1 2 {port} {target}"),
            2 => (new TextRecord(target, 5), target),
            _ => (new AddressRecord(address, 5), address.ToString()),
        };
    }
}
