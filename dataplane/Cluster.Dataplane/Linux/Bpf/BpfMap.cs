using System.Runtime.InteropServices;
using System.Text;

namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>A map of any key and value: creation, pins and facts. See <see cref="BpfMap{TKey,TValue}"/> for its elements.</summary>
internal abstract unsafe class BpfMap : BpfObject
{
    private const int NameBytes = 16;

    protected BpfMap(int descriptor)
        : base(descriptor)
    {
    }

    /// <summary>What instructions and system calls name it by in this boot.</summary>
    public uint Id => ReadFacts<Facts>().Id;

    /// <summary>A descriptor of the map pinned at a path; -1 where there is none, or none of this type and size.</summary>
    protected static int OpenPinned(string path, in BpfMapOptions options, int keyBytes, int valueBytes)
    {
        var descriptor = OpenPinned(path);
        if (descriptor < 0 || Matches(descriptor, options, keyBytes, valueBytes)) return descriptor;
        SocketCalls.Close(descriptor);
        return -1;
    }

    private static bool Matches(int descriptor, in BpfMapOptions options, int keyBytes, int valueBytes)
    {
        var facts = ReadFacts<Facts>(descriptor);
        return facts.Type == options.Type && facts.KeyBytes == keyBytes && facts.ValueBytes == valueBytes
            && facts.Entries == options.Entries && facts.Flags == options.Flags;
    }

    protected static int CreateMap(in BpfMapOptions options, int keyBytes, int valueBytes, BtfTypes? types = null)
    {
        var attribute = new CreateAttribute
        {
            Type = options.Type,
            KeyBytes = (uint)keyBytes,
            ValueBytes = (uint)valueBytes,
            Entries = (uint)options.Entries,
            Flags = options.Flags,
        };
        Encoding.ASCII.GetBytes(options.Name, new Span<byte>(attribute.Name, NameBytes - 1));
        if (types is not null)
        {
            attribute.BtfDescriptor = (uint)types.Descriptor;
            attribute.BtfKeyType = BtfTypes.Key;
            attribute.BtfValueType = BtfTypes.Value;
        }

        return BpfSystem.Call(BpfCommand.BPF_MAP_CREATE, ref attribute, options.Name);
    }

    // union bpf_attr of BPF_MAP_CREATE.
    [StructLayout(LayoutKind.Sequential)]
    private struct CreateAttribute
    {
        public BpfMapType Type;
        public uint KeyBytes;
        public uint ValueBytes;
        public uint Entries;
        public uint Flags;
        public uint InnerMap;
        public uint NumaNode;
        public fixed byte Name[NameBytes];
        public uint InterfaceIndex;
        public uint BtfDescriptor;
        public uint BtfKeyType;
        public uint BtfValueType;
    }

    // The beginning of union bpf_attr of the commands that are about one element.
    [StructLayout(LayoutKind.Sequential)]
    protected struct ElementAttribute
    {
        public uint Map;
        public uint Padding;
        public ulong Key;
        public ulong Value;
        public ulong Flags;
    }

    // The beginning of struct bpf_map_info.
    [StructLayout(LayoutKind.Sequential)]
    private struct Facts
    {
        public BpfMapType Type;
        public uint Id;
        public uint KeyBytes;
        public uint ValueBytes;
        public uint Entries;
        public uint Flags;
    }
}
