using Cluster.Dataplane.Dns.Linux;

namespace Cluster.Dataplane.Tests.Dns;

/// <summary>A loop that is told of batches as they would come, by a clock of the test's own.</summary>
public sealed class DnsPaceTests
{
    private const int Batches = 10_000;

    private readonly DnsPace _pace = new();
    private long _now = 1_000_000_000;
    private int _pauses;

    [Fact]
    public void Note_NothingThere_Waits()
    {
        _pace.Note(-1, 0, _now);
        Assert.Equal(DnsStep.Wait, _pace.Next);
        // At such a rate there is seldom more at once.
        Receive(1, 1, 1_000);
        Assert.Equal(DnsStep.Wait, _pace.Next);
    }

    [Fact]
    public void Note_SlowQueries_NeverPauses()
    {
        for (var i = 0; i < Batches; i++) Receive(2, 1, 400);
        Assert.Equal(0, _pauses);
    }

    /// <summary>Sixteen clients, each of which asks for two addresses by a socket of its own and waits for both.</summary>
    [Fact]
    public void Note_SmallBatchesOfManyClientsAtShortIntervals_Pauses()
    {
        for (var i = 0; i < 100; i++) Receive(2, 1, 50);
        _pauses = 0;
        for (var i = 0; i < Batches; i++)
        {
            if (_pace.Next == DnsStep.Pause) Receive(6, 3, 90);
            else Receive(2, 1, 50);
        }

        Assert.InRange(_pauses, Batches * 9 / 10, Batches);
    }

    /// <summary>Queries come as they come, however long it pauses: twenty thousand clients a second, each with two.</summary>
    [Fact]
    public void Note_ClientsThatComeByThemselves_PausesLong()
    {
        var (longOnes, due) = (0, 0);
        for (var i = 0; i < Batches; i++)
        {
            if (_pace.Next == DnsStep.Pause && _pace.Pause > 100) longOnes++;
            // One each 50 us; it waits for the next where there is none.
            var took = _pace.Next == DnsStep.Pause ? _pace.Pause + 20 : 20;
            took = Math.Max(took, 50 - due);
            var clients = (due + took) / 50;
            due = (due + took) % 50;
            Receive(2 * clients, clients, took);
        }

        Assert.InRange(longOnes, Batches * 9 / 10, Batches);
        // More of them: little is left that a longer pause could gather.
        for (var i = 0; i < 200; i++) Receive(32, 16, 90);
        Assert.Equal((DnsStep.Pause, 40), (_pace.Next, _pace.Pause));
    }

    /// <summary>Each of some clients waits for its answer: all of them have asked again before a short pause is over, and a longer one only delays them.</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(7)]
    public void Note_ClientsThatWaitForTheirAnswers_PausesShort(int clients)
    {
        var longOnes = 0;
        for (var i = 0; i < Batches; i++)
        {
            var pause = _pace.Next == DnsStep.Pause ? _pace.Pause : 0;
            if (pause > 100) longOnes++;
            Receive(pause == 0 ? 1 : clients, pause == 0 ? 1 : clients, pause + 10);
        }

        Assert.InRange(_pauses, Batches * 9 / 10, Batches);
        Assert.InRange(longOnes, 0, Batches / 10);
    }

    /// <summary>Who waits for each answer is alone: a pause would hold up nobody but them, for nothing.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Note_OneClientThatWaitsForEachAnswer_SoonPausesHardlyEver(int datagrams)
    {
        for (var i = 0; i < Batches; i++) Receive(datagrams, 1, 30);
        _pauses = 0;
        for (var i = 0; i < Batches; i++) Receive(datagrams, 1, 30);
        Assert.InRange(_pauses, 0, Batches / 50);
    }

    [Fact]
    public void Note_AfterALull_DoesNotPause()
    {
        for (var i = 0; i < 1_000; i++) Receive(6, 3, 50);
        Assert.Equal(DnsStep.Pause, _pace.Next);
        _pace.Note(-1, 0, _now);
        Assert.Equal(DnsStep.Wait, _pace.Next);
        Receive(1, 1, 1_000_000);
        Assert.NotEqual(DnsStep.Pause, _pace.Next);
    }

    [Fact]
    public void Note_LargeBatches_AreAskedForAtOnce()
    {
        for (var i = 0; i < Batches; i++) Receive(60, 16, 80);
        Assert.Equal((0, DnsStep.Ask), (_pauses, _pace.Next));
    }

    private void Receive(int datagrams, int clients, int microseconds)
    {
        if (_pace.Next == DnsStep.Pause) _pauses++;
        _pace.Note(datagrams, clients, _now += microseconds);
    }
}
