using System.Diagnostics;

namespace Cluster.LoadTests.Failover;

/// <summary>What became of one-way datagrams in one round in which the backend of a third of them dies.</summary>
/// <param name="Sent">After it died.</param>
/// <param name="LostBefore">Of those sent in the second before; none where nothing is in the way.</param>
/// <param name="Lost">Of those sent after it died: they reached no backend.</param>
/// <param name="RedirectedMs">From its death until the last that was lost had been sent: whatever was sent later arrived. 0 where none was lost.</param>
internal sealed record DatagramSample(int Sent, int LostBefore, int Lost, double RedirectedMs)
{
    /// <param name="sentAt">When each was sent, in their order, as timestamps of <see cref="Stopwatch"/>.</param>
    /// <param name="arrived">Which of them have arrived.</param>
    /// <param name="died">When the backend died.</param>
    public static DatagramSample Of(IReadOnlyList<long> sentAt, IReadOnlyList<bool> arrived, long died)
    {
        int lostBefore = 0, sent = 0, lost = 0;
        long last = died;
        for (int i = 0; i < sentAt.Count; i++)
        {
            if (sentAt[i] < died)
            {
                if (!arrived[i]) lostBefore++;
                continue;
            }

            sent++;
            if (arrived[i]) continue;
            lost++;
            last = sentAt[i];
        }

        return new DatagramSample(sent, lostBefore, lost, Stopwatch.GetElapsedTime(died, last).TotalMilliseconds);
    }
}
