namespace Cluster.Dataplane.Dns.Linux;

/// <summary>What a loop does before it receives: it learns from the batches it had.</summary>
/// <remarks>
/// While queries are rare it waits, and nobody is held up. Where they come so fast that a wake-up, a call to receive and one to send for each
/// cost more than all the rest, it pauses before it receives, so that the queries of several clients come by one call. It goes on with that
/// only as long as each pause gathers some: a client that waits for each answer before it asks again gains nothing by it.
/// </remarks>
internal sealed class DnsPace
{
    /// <summary>A batch on average each so many microseconds, over some <see cref="Weight"/> batches, is fast.</summary>
    private const int FastMicroseconds = 100;

    /// <summary>Batches that an average is over.</summary>
    private const int Weight = 16;

    /// <summary>A batch of so many costs hardly more for each than one of twice as many, and there are more already as a rule.</summary>
    private const int LargeBatch = 48;

    /// <summary>Clients that a batch must have on average, in hundredths, for the pauses to go on.</summary>
    private const int LeastGain = 125;

    /// <summary>Clients of a batch, in hundredths, below which the pauses are the long ones.</summary>
    private const int FewClients = 400;

    /// <summary>How long the loop lets queries gather. At such a rate most of it is time that they would spend in the queue otherwise.</summary>
    private const int ShortPause = 40, LongPause = 80;

    /// <summary>Batches without a pause after pauses that gathered nothing; twice as many each time, up to the most.</summary>
    private const int LeastRest = 64, MostRest = 4096;

    /// <summary>Batches that are waited for after one that was not, in vain: at a rate at which there is seldom more at once, asking costs a call.</summary>
    private const int Waits = 4;

    // Averages are kept times Weight.
    private long _interval = FastMicroseconds * 16L * Weight;
    private long _clients;
    private long _last;
    private int _waits;
    private int _rest;
    private int _nextRest = LeastRest;
    private bool _gathers;

    /// <summary>What is to be done before the next call to receive.</summary>
    public DnsStep Next { get; private set; }

    /// <summary>How long a pause is to be, in microseconds.</summary>
    public int Pause => _clients < FewClients * Weight ? LongPause : ShortPause;

    /// <summary>Notes what a call received.</summary>
    /// <param name="datagrams">How many; 0 or less: nothing was there.</param>
    /// <param name="clients">Of how many clients.</param>
    /// <param name="microseconds">The time.</param>
    public void Note(int datagrams, int clients, long microseconds)
    {
        if (datagrams <= 0)
        {
            _waits = _gathers ? 1 : Waits;
            Next = DnsStep.Wait;
            return;
        }

        if (_waits > 0) _waits--;
        // A lull ends what came before it: the average is beyond all bounds then.
        _interval += Math.Min(microseconds - _last, FastMicroseconds * 4L * Weight) - (_interval / Weight);
        _last = microseconds;
        if (_gathers) GoOn(clients);
        else Begin();
        if (_gathers && datagrams < LargeBatch) Next = DnsStep.Pause;
        else Next = _waits > 0 ? DnsStep.Wait : DnsStep.Ask;
    }

    private void Begin()
    {
        if (_rest > 0)
        {
            _rest--;
            return;
        }

        _gathers = _interval < FastMicroseconds * Weight;
        _clients = 2 * LeastGain * Weight;
    }

    private void GoOn(int clients)
    {
        _clients += (clients * 100) - (_clients / Weight);
        if (_clients < LeastGain * Weight)
        {
            _gathers = false;
            _rest = _nextRest;
            _nextRest = Math.Min(_nextRest * 2, MostRest);
        }
        else if (_interval > 2 * FastMicroseconds * Weight)
        {
            _gathers = false;
            _nextRest = LeastRest;
        }
    }
}
