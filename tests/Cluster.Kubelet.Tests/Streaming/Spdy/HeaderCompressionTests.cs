using Cluster.Kubelet.Streaming.Spdy;

namespace Cluster.Kubelet.Tests.Streaming.Spdy;

/// <summary>Header blocks against bytes that zlib itself made, with its own support of dictionaries.</summary>
public sealed class HeaderCompressionTests
{
    // Two blocks of one stream: streamtype, port and requestid of an error and of a data stream.
    private const string ErrorBlock = "78f9e3c6a7c202253a703a2b294a4dcc851625aca9a0808614cb45e01c6061606100a4398b20d198094ade8c0600000000ffff";
    private const string DataBlock = "c2aa19540e2512d60b000000ffff";

    // streamtype: stdin, without a dictionary, as a client may.
    private const string PlainBlock = "78da62606060646060e02a2e294a4dcc2da92c4805f2588b4b5232f300000000ffff";

    /// <summary>The checksum that the draft's own example of a compressed stream begins with.</summary>
    [Fact]
    public void Dictionary_IsTheDrafts() => Assert.Equal((1423, 0xE3C6A7C2u), (SpdyDictionary.Bytes.Length, SpdyDictionary.Checksum));

    [Fact]
    public void Decompress_BlocksOfZlib_AreTheirHeaders()
    {
        using var decompressor = new HeaderDecompressor();

        var error = decompressor.Decompress(Convert.FromHexString(ErrorBlock));
        var data = decompressor.Decompress(Convert.FromHexString(DataBlock));

        Assert.Equal(("error", "8080", "0"), (error["streamType"][0], error["port"][0], error["requestID"][0]));
        Assert.Equal(("data", "8080", "0"), (data["streamType"][0], data["port"][0], data["requestID"][0]));
    }

    [Fact]
    public void Decompress_WithoutADictionary_IsTaken()
    {
        using var decompressor = new HeaderDecompressor();

        Assert.Equal("stdin", decompressor.Decompress(Convert.FromHexString(PlainBlock))["streamtype"][0]);
    }

    [Fact]
    public void Compress_ThenDecompress_IsTheSame_AndUsesTheDictionary()
    {
        using var compressor = new HeaderCompressor();
        using var decompressor = new HeaderDecompressor();
        for (var i = 0; i < 50; i++)
        {
            var block = compressor.Compress([KeyValuePair.Create("www-authenticate", "transfer-encoding"), KeyValuePair.Create("n", $"{i}")]);
            if (i == 0)
            {
                Assert.Equal("78BBE3C6A7C2", Convert.ToHexString(block.AsSpan(0, 6)));
                Assert.InRange(block.Length, 10, 45);
            }

            var headers = decompressor.Decompress(block);
            Assert.Equal(("transfer-encoding", $"{i}"), (headers["www-authenticate"][0], headers["n"][0]));
        }
    }

    [Theory]
    [InlineData("78bb00000000")]
    [InlineData("0102030405")]
    [InlineData("78dafeffffff")]
    [InlineData("78da6260606064606060000000ffff")]
    public void Decompress_OfSomethingElse_IsRefused(string hex)
    {
        using var decompressor = new HeaderDecompressor();

        Assert.Throws<SpdyException>(() => decompressor.Decompress(Convert.FromHexString(hex)));
    }

    [Fact]
    public void Decompress_OfABlockThatSwells_IsRefused()
    {
        using var compressor = new HeaderCompressor();
        using var decompressor = new HeaderDecompressor();
        var block = compressor.Compress([KeyValuePair.Create("a", new string('x', 1_000_000))]);

        Assert.InRange(block.Length, 1, SpdyFrameHead.MaxControlBytes);
        Assert.Throws<SpdyException>(() => decompressor.Decompress(block));
    }
}
