using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Dns;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Dns;

public sealed class DnsServerTests : IAsyncDisposable
{
    private readonly List<IPEndPoint> _upstreams = [];
    private readonly DnsServer _server;

    public DnsServerTests()
    {
        var forwarder = new DnsForwarder(() => _upstreams, new IPEndPoint(IPAddress.Loopback, 1), TimeProvider.System);
        _server = new DnsServer(new IPEndPoint(IPAddress.Loopback, FreePort.Tcp()), new FakeZone(), forwarder, NullLogger.Instance);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("one.test")]
    [InlineData("ONE.Test")]
    public async Task Query_KnownName_AnswersOverUdpAndTcp(string name)
    {
        foreach (var answer in new[] { await DnsExchange.UdpAsync(_server.EndPoint, name, DnsType.A), await DnsExchange.TcpAsync(_server.EndPoint, name, DnsType.A) })
        {
            Assert.Equal(DnsResponseCode.NoError, answer.Code);
            var record = Assert.IsType<AddressRecord>(Assert.Single(answer.Records));
            Assert.Equal(("one.test", "10.0.0.1", 5), (record.Name, record.Address.ToString(), record.TtlSeconds));
        }
    }

    [Fact]
    public async Task Query_NameWithoutTheType_IsEmptyWithAuthority()
    {
        var answer = await DnsExchange.UdpAsync(_server.EndPoint, "one.test", DnsType.AAAA);
        Assert.Equal((DnsResponseCode.NoError, 0, 1), (answer.Code, answer.Answers, answer.Authorities));
    }

    [Fact]
    public async Task Query_UnknownNameOfTheZone_IsNameErrorWithAuthority()
    {
        var answer = await DnsExchange.UdpAsync(_server.EndPoint, "none.test", DnsType.A);
        Assert.Equal((DnsResponseCode.NameError, 0, 1), (answer.Code, answer.Answers, answer.Authorities));
    }

    [Fact]
    public async Task Query_Srv_BringsTheTargetsAddressAlong()
    {
        var answer = await DnsExchange.UdpAsync(_server.EndPoint, "_http._tcp.one.test", DnsType.SRV);
        Assert.Equal((1, 1), (answer.Answers, answer.Additional));
        Assert.Equal("one.test", Assert.Single(answer.Records).Name);
    }

    [Fact]
    public async Task Query_AnswerTooLarge_IsTruncatedAndWholeOverTcp()
    {
        var plain = await DnsExchange.UdpAsync(_server.EndPoint, "many.test", DnsType.A);
        Assert.True(plain.Truncated);
        Assert.InRange(plain.Bytes, 400, 512);
        var edns = await DnsExchange.UdpAsync(_server.EndPoint, "many.test", DnsType.A, 4096);
        Assert.True(edns.Truncated);
        Assert.InRange(edns.Bytes, 1100, 1232);
        Assert.Equal(1, edns.Additional);
        var whole = await DnsExchange.TcpAsync(_server.EndPoint, "many.test", DnsType.A);
        Assert.Equal((false, 100), (whole.Truncated, whole.Answers));
    }

    [Fact]
    public async Task Query_OtherName_IsForwarded()
    {
        await using var upstream = new FakeUpstream("192.0.2.55");
        _upstreams.Add(upstream.EndPoint);
        var answer = await DnsExchange.UdpAsync(_server.EndPoint, "outside.example", DnsType.A);
        Assert.Equal("192.0.2.55", Assert.IsType<AddressRecord>(Assert.Single(answer.Records)).Address.ToString());
    }

    [Fact]
    public async Task Query_FirstUpstreamDead_AsksTheNext()
    {
        await using var upstream = new FakeUpstream("192.0.2.55");
        _upstreams.AddRange([new IPEndPoint(IPAddress.Loopback, 9), upstream.EndPoint]);
        Assert.Equal(DnsResponseCode.NoError, (await DnsExchange.UdpAsync(_server.EndPoint, "outside.example", DnsType.A)).Code);
    }

    [Fact]
    public async Task Query_NoUpstreamAnswers_IsServerFailure()
    {
        _upstreams.Add(new IPEndPoint(IPAddress.Loopback, 9));
        Assert.Equal(DnsResponseCode.ServerFailure, (await DnsExchange.UdpAsync(_server.EndPoint, "outside.example", DnsType.A)).Code);
        Assert.Equal(DnsResponseCode.ServerFailure, (await DnsExchange.TcpAsync(_server.EndPoint, "outside.example", DnsType.A)).Code);
    }

    [Fact]
    public async Task Query_OnlyUpstreamIsTheServerItself_IsServerFailure()
    {
        var self = new List<IPEndPoint>();
        var forwarder = new DnsForwarder(() => self, new IPEndPoint(IPAddress.Loopback, 5353), TimeProvider.System);
        self.Add(new IPEndPoint(IPAddress.Loopback, 5353));
        Assert.Null(await forwarder.ForwardAsync(DnsExchange.Query("outside.example", DnsType.A), tcp: false, CancellationToken.None));
        forwarder.Dispose();
    }

    [Fact]
    public async Task Query_AliasOutOfTheZone_IsFollowed()
    {
        await using var upstream = new FakeUpstream("192.0.2.55");
        _upstreams.Add(upstream.EndPoint);
        var answer = await DnsExchange.UdpAsync(_server.EndPoint, "alias.test", DnsType.A);
        Assert.Equal("outside.example", Assert.IsType<NameRecord>(answer.Records[0]).Target);
        Assert.Equal("192.0.2.55", Assert.IsType<AddressRecord>(answer.Records[1]).Address.ToString());
    }

    [Fact]
    public async Task Query_AliasToAMissingNameOfTheZone_IsNotAskedOutside()
    {
        await using var upstream = new FakeUpstream("192.0.2.55");
        _upstreams.Add(upstream.EndPoint);
        Assert.IsType<NameRecord>(Assert.Single((await DnsExchange.UdpAsync(_server.EndPoint, "dangling.test", DnsType.A)).Records));
    }

    [Fact]
    public async Task Receive_RandomBytes_GoesOnAnswering()
    {
        var random = new Random(1);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(_server.EndPoint);
        var valid = DnsExchange.Query("one.test", DnsType.A, 4096);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = random.Next(2) == 0 ? new byte[random.Next(1, 600)] : [.. valid];
            if (bytes.Length != valid.Length) random.NextBytes(bytes);
            else bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            await socket.SendAsync(bytes);
            // Now and then a resolver asks in earnest, before the server's queue overflows and datagrams are lost.
            if (i % 100 == 99) Assert.Equal(1, (await DnsExchange.UdpAsync(_server.EndPoint, "one.test", DnsType.A)).Answers);
        }
    }

    /// <summary>A resolver that gives every name one address, after an alias of another name's form where it likes.</summary>
    private sealed class FakeUpstream : IAsyncDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        private readonly Task _serving;

        public FakeUpstream(string address)
        {
            _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _serving = ServeAsync(IPAddress.Parse(address));
        }

        public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

        public async ValueTask DisposeAsync()
        {
            _socket.Dispose();
            await _serving;
        }

        private async Task ServeAsync(IPAddress address)
        {
            var query = new byte[4096];
            var answer = new byte[4096];
            var from = new SocketAddress(AddressFamily.InterNetwork);
            try
            {
                while (true)
                {
                    var length = await _socket.ReceiveFromAsync(query, SocketFlags.None, from);
                    Assert.Equal(DnsResponseCode.NoError, DnsQuery.Parse(query.AsSpan(0, length), out var parsed));
                    var records = new DnsAnswer { Records = [new AddressRecord(parsed.Question.Name, address, 60)] };
                    var size = DnsWriter.Write(answer, 512, query.AsSpan(0, length), parsed, records);
                    await _socket.SendToAsync(answer.AsMemory(0, size), SocketFlags.None, from);
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // Disposed.
            }
        }
    }
}
