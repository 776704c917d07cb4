using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cluster.EndToEnd.Tests;

/// <summary>Clients that ask a service who answers, each request a connection (or a socket) of its own, and count the answers.</summary>
internal static class Traffic
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>Answers by pod name.</summary>
    public static async Task<Dictionary<string, int>> CountAsync(int requests, Func<Task<string>> ask)
    {
        var counts = new Dictionary<string, int>();
        for (int i = 0; i < requests; i++)
        {
            string answer = (await ask()).Trim();
            counts[answer] = counts.GetValueOrDefault(answer) + 1;
        }

        return counts;
    }

    /// <summary>
    /// Answers by pod name over UDP, each client's address open until the last has its answer: one that is given again is the flow of before, which stays with
    /// its pod and takes no turn. Of 300 random ports two are the same more often than not.
    /// </summary>
    public static async Task<Dictionary<string, int>> CountUdpAsync(int requests, string address, int port)
    {
        var clients = new List<UdpClient>();
        try
        {
            return await CountAsync(requests, () =>
            {
                clients.Add(new UdpClient());
                return InTimeAsync(AskUdpAsync(clients[^1], address, port));
            });
        }
        finally
        {
            foreach (UdpClient client in clients) client.Dispose();
        }
    }

    public static Task<string> HttpAsync(string address, int port) => InTimeAsync(AskHttpAsync(address, port));

    public static async Task<string> UdpAsync(string address, int port)
    {
        using var client = new UdpClient();
        return await InTimeAsync(AskUdpAsync(client, address, port));
    }

    /// <summary>All that a connection answers before its end; null where nobody does.</summary>
    public static async Task<string?> TcpAsync(string address, int port)
    {
        using var timeout = new CancellationTokenSource(Limit);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Parse(address), port, timeout.Token);
            using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
            return await reader.ReadToEndAsync(timeout.Token) is { Length: > 0 } answer ? answer : null;
        }
        catch (Exception failure) when (failure is SocketException or IOException or OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>A connection, once somebody takes it.</summary>
    public static async Task<TcpClient> ConnectAsync(IPAddress address, int port)
    {
        TcpClient? client = null;
        await Poll.UntilAsync($"a connection to {address}:{port}", async () =>
        {
            client?.Dispose();
            client = new TcpClient();
            await client.ConnectAsync(address, port);
            return true;
        });
        return client!;
    }

    /// <summary>What a server that sends back what it gets answers.</summary>
    public static async Task<string> EchoAsync(TcpClient client, string text)
    {
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text), TestContext.Current.CancellationToken);
        var answer = new byte[text.Length];
        await client.GetStream().ReadExactlyAsync(answer, TestContext.Current.CancellationToken).AsTask().WaitAsync(Limit);
        return Encoding.ASCII.GetString(answer);
    }

    private static async Task<string> InTimeAsync(Task<string> answer)
    {
        try
        {
            return await answer;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"no answer within {Limit}");
        }
    }

    private static async Task<string> AskHttpAsync(string address, int port)
    {
        using var timeout = new CancellationTokenSource(Limit);
        using var client = new TcpClient();
        await client.ConnectAsync(address, port, timeout.Token);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.0\r\nHost: {address}\r\n\r\n"), timeout.Token);
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
        string response = await reader.ReadToEndAsync(timeout.Token);
        int body = response.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (body < 0 || !response.Contains(" 200 ", StringComparison.Ordinal)) throw new IOException($"no answer: {response}");
        return response[(body + 4)..];
    }

    private static async Task<string> AskUdpAsync(UdpClient client, string address, int port)
    {
        using var timeout = new CancellationTokenSource(Limit);
        client.Connect(IPAddress.Parse(address), port);
        await client.SendAsync("who\n"u8.ToArray(), timeout.Token);
        return Encoding.ASCII.GetString((await client.ReceiveAsync(timeout.Token)).Buffer).Split(' ')[0];
    }

    /// <summary>Of n requests over k pods each gets n/k within 2.</summary>
    public static void AssertEven(Dictionary<string, int> counts, int pods, int requests)
    {
        string seen = string.Join(", ", counts.Select(pair => $"{pair.Key}: {pair.Value}"));
        Assert.True(counts.Count == pods, $"{counts.Count} pods answered, not {pods}: {seen}");
        Assert.True(counts.Values.All(count => Math.Abs(count - (requests / pods)) <= 2), $"not even: {seen}");
    }
}
