using Etcdserverpb;
using Grpc.Net.Client;

namespace Cluster.Storage.Etcd;

/// <summary>One member of the etcd cluster: its channel and the services we use.</summary>
internal sealed class EtcdMember : IDisposable
{
    // etcd refuses clients that ping more often than each 5 s.
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan MaxReconnectBackoff = TimeSpan.FromSeconds(1);

    private readonly GrpcChannel _channel;

    public EtcdMember(Uri endpoint, EtcdStoreOptions options)
    {
        Endpoint = endpoint;
        _channel = GrpcChannel.ForAddress(endpoint, new GrpcChannelOptions
        {
            HttpHandler = Handler(options),
            DisposeHttpClient = true,
            MaxReceiveMessageSize = null, // a list is as large as the cluster
            InitialReconnectBackoff = MaxReconnectBackoff / 4, // the default waits up to two minutes after etcd is back
            MaxReconnectBackoff = MaxReconnectBackoff,
        });
        Keys = new KV.KVClient(_channel);
        Watches = new Watch.WatchClient(_channel);
        Leases = new Lease.LeaseClient(_channel);
    }

    public Uri Endpoint { get; }

    public KV.KVClient Keys { get; }

    public Watch.WatchClient Watches { get; }

    public Lease.LeaseClient Leases { get; }

    public void Dispose() => _channel.Dispose();

    private static SocketsHttpHandler Handler(EtcdStoreOptions options) => new()
    {
        SslOptions = EtcdTls.Of(options),
        UseProxy = false,
        EnableMultipleHttp2Connections = true,
        ConnectTimeout = TimeSpan.FromSeconds(2),
        KeepAlivePingDelay = PingDelay,
        KeepAlivePingTimeout = PingTimeout,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
    };
}
