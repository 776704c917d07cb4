using Cluster.Dataplane.Dns;

namespace Cluster.Dataplane.Tests.Dns;

public sealed class DnsQueryTests
{
    [Fact]
    public void Parse_Query_ReadsNameTypeAndEdns()
    {
        var message = DnsExchange.Query("Web.Shop.svc.cluster.local", DnsType.SRV, 4096);
        Assert.Equal(DnsResponseCode.NoError, DnsQuery.Parse(message, out var query));
        Assert.Equal(new DnsQuestion("web.shop.svc.cluster.local", DnsType.SRV), query.Question);
        Assert.Equal((true, 1232), (query.HasEdns, query.MaxUdpBytes));
    }

    [Fact]
    public void Parse_Root_IsTheEmptyName()
    {
        DnsQuery.Parse(DnsExchange.Query("", DnsType.NS), out var query);
        Assert.Equal("", query.Question.Name);
    }

    [Fact]
    public void Parse_AnAnswer_IsSilentlyLeft()
    {
        var message = DnsExchange.Query("a", DnsType.A);
        message[2] |= 0x80;
        Assert.Null(DnsQuery.Parse(message, out _));
    }

    [Fact]
    public void Parse_OtherOpcode_IsNotImplemented()
    {
        var message = DnsExchange.Query("a", DnsType.A);
        message[2] |= 0x28;
        Assert.Equal(DnsResponseCode.NotImplemented, DnsQuery.Parse(message, out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    public void Parse_TooShortForAHeader_IsSilentlyLeft(int length) => Assert.Null(DnsQuery.Parse(new byte[length], out _));

    [Fact]
    public void Parse_PointerToItself_IsAFormatError()
    {
        byte[] message = [.. DnsExchange.Query("a", DnsType.A)[..12], 0xC0, 12, 0, 1, 0, 1];
        Assert.Equal(DnsResponseCode.FormatError, DnsQuery.Parse(message, out _));
    }

    [Fact]
    public void Parse_RandomBytes_NeverThrowsAndNamesStayBounded()
    {
        var random = new Random(42);
        var valid = DnsExchange.Query("web.shop.svc.cluster.local", DnsType.A, 4096);
        for (var i = 0; i < 200_000; i++)
        {
            byte[] message;
            if (i % 2 == 0)
            {
                message = new byte[random.Next(0, 120)];
                random.NextBytes(message);
                if (message.Length > 5) (message[2], message[4], message[5]) = (0, 0, 1);
            }
            else
            {
                message = [.. valid];
                for (var change = 0; change < 4; change++) message[random.Next(message.Length)] = (byte)random.Next(256);
            }

            DnsQuery.Parse(message, out var query);
            Assert.InRange(query.Question.Name?.Length ?? 0, 0, 255);
        }
    }
}
