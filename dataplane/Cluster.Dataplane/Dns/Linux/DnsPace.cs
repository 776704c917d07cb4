namespace Cluster.Dataplane.Dns.Linux;

/// <summary>What a loop does before it receives: it learns from the batches it had.</summary>
/// <remarks>
/// While queries are rare it waits, and nobody is held up. Where they come so fast that a wake-up, a call to receive and one to send for each
/// cost more than all the rest, it pauses before it receives, so that the queries of several clients come by one call. It goes on with that
/// only as long as each pause gathers some: a client that waits for each answer before it asks again gains nothing by it. Where a pause gathers
/// few, longer ones are tried, and kept if the queries come as fast with them: clients that ask one name after the other do, whoever waits for
/// the answer to ask again does not.
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

    /// <summary>Clients of a batch, in hundredths: with fewer the long pauses are tried, with more there is little left that they could gather.</summary>
    private const int FewClients = 800, ManyClients = 1200;

    /// <summary>How long the loop lets queries gather. At such a rate most of it is time that they would spend in the queue otherwise.</summary>
    private const int ShortPause = 40, LongPause = 120;

    /// <summary>Batches until the averages hold only what came since a change of the pauses.</summary>
    private const int Settling = 2 * Weight;

    /// <summary>Long pauses after which it is looked again whether they are right: the clients may be others.</summary>
    private const int MostLong = 1024;

    /// <summary>What long pauses may cost: with them queries come no slower than at this share of their rate, in hundredths.</summary>
    private const int LeastRate = 80;

    /// <summary>Batches without a pause after pauses that gathered nothing; twice as many each time, up to the most.</summary>
    private const int LeastRest = 64, MostRest = 4096;

    /// <summary>Batches that are waited for after one that was not, in vain: at a rate at which there is seldom more at once, asking costs a call.</summary>
    private const int Waits = 4;

    // Averages are kept times Weight.
    private long _interval = FastMicroseconds * 16L * Weight;
    private long _clients;
    private long _queries = Weight;
    private long _last;
    private int _waits;
    private int _rest;
    private int _nextRest = LeastRest;
    private bool _gathers;

    // Of the long pauses: how many there were; batches without them until they are tried; what a query took before that.
    private bool _isLong;
    private int _longPauses;
    private int _longRest;
    private int _nextLongRest = LeastRest;
    private long _shortTime;

    /// <summary>What is to be done before the next call to receive.</summary>
    public DnsStep Next { get; private set; }

    /// <summary>How long a pause is to be, in microseconds.</summary>
    public int Pause => _isLong ? LongPause : ShortPause;

    // What a query took, on average, in 1/1024 microseconds.
    private long TimeOfQuery => _interval * 1024 / _queries;

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
        if (_gathers) GoOn(datagrams, clients);
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

        if (_interval >= FastMicroseconds * Weight) return;
        _gathers = true;
        _isLong = false;
        // Until the averages are of what the pauses gather, nothing is concluded from them.
        _clients = 3 * LeastGain * Weight;
        _queries = Weight;
        _longRest = Math.Max(_longRest, Settling);
    }

    private void GoOn(int datagrams, int clients)
    {
        _clients += (clients * 100) - (_clients / Weight);
        _queries += datagrams - (_queries / Weight);
        if (_interval > (2 * FastMicroseconds + Pause) * Weight)
        {
            _gathers = false;
            _nextRest = LeastRest;
        }
        else if (_isLong)
        {
            EndLong();
        }
        else if (_longRest > 0)
        {
            _longRest--;
        }
        else if (_clients < FewClients * Weight)
        {
            (_isLong, _longPauses, _shortTime) = (true, 0, TimeOfQuery);
        }

        if (_clients < LeastGain * Weight) Rest();
    }

    // Clients that wait for their answers before they ask again ask less often then, and others do not: who these are is found out by trying.
    private void EndLong()
    {
        _longPauses++;
        if (_longPauses == Settling && TimeOfQuery * LeastRate > _shortTime * 100)
        {
            _isLong = false;
            _longRest = _nextLongRest;
            _nextLongRest = Math.Min(_nextLongRest * 2, MostRest);
        }
        else if (_clients > ManyClients * Weight || _longPauses == MostLong)
        {
            _isLong = false;
            _longRest = Settling;
            _nextLongRest = LeastRest;
        }
    }

    private void Rest()
    {
        _gathers = false;
        _rest = _nextRest;
        _nextRest = Math.Min(_nextRest * 2, MostRest);
    }
}
