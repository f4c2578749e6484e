"""Build of the ROS 2 package `robochat`, by colcon or by pip.

The version stands in package.xml and is read from there. What pip must install without its
declared dependencies stands in requirements-nodeps.txt.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent
SHARED = ('config', 'launch')
GENERATED = ROOT / 'sim' / 'models'  # by `make gazebo`, large
DATA_SUFFIXES = (
    *('.bin', '.gguf', '.npz', '.onnx', '.safetensors', '.tflite'),
    *('.glb', '.jpg', '.obj', '.png', '.sdf'),
    *('.json', '.md', '.txt', '.xml', '.yaml'),
    *('.css', '.html', '.js', '.svg'),
)

REQUIRED = [
    'ai-edge-litert>=1.4',  # runs the fer expression network without TensorFlow
    'numpy>=1.26,<3',
    'onnxruntime>=1.20',
    'opencv-python>=4.13,<5',  # 5 has no CascadeClassifier
    'PyYAML>=6',
    'setuptools<81',  # fer and rosidl import pkg_resources, which later ones lack
]
EXTRAS = {
    'docs': ['mkdocs>=1.6,<2', 'mkdocs-material>=9.6,<10'],
    'endpoint': [],  # the standard library speaks HTTP
    'learn': ['scikit-learn>=1.5'],
    'memory': ['cryptography>=42'],  # seals what is remembered of people, where a key is given
    'lint': ['mypy>=1.18', 'ruff>=0.14'],
    'record': ['mcap>=1.6,<2', 'mcap-ros2-support>=0.6,<1'],  # recordings, on any ROS 2 or none
    'rerun': ['robochat[record]', 'rerun-sdk>=0.24,<1'],  # `robochat replay --rerun`, half a GB
    # ROS 2 Kilted as wheels, x86-64 only; leave out beside any other ROS 2 installation.
    'ros': [
        'ros-rclpy[fastrtps]>=9,<10',
        'ros-diagnostic-msgs>=5,<6',
        'ros-lifecycle-msgs>=2,<3',
        'ros-sensor-msgs>=5,<6',
        'ros-std-msgs>=5,<6',
        'ros-std-srvs>=5,<6',
    ],
    'sim': ['mujoco>=4,<5', 'PyOpenGL>=3.1'],
    # The C interface of llama.cpp inside xllamacpp is called directly, so the version is pinned.
    'palm_e': [
        'gguf>=0.17',  # merges what was trained into the packaged language model
        'safetensors>=0.4',
        'tokenizers>=0.20',
        'xllamacpp==2026.10.11549',
    ],
    'smollm2': ['xllamacpp>=2026.10'],
    'test': ['pytest>=8', 'pytest-xdist>=3.6'],
    'train': [
        'robochat[palm_e,sim,transformers]',
        'matplotlib>=3.9',
        'peft>=0.17,<1',  # the tests read the low-rank additions with it
        'pyarrow>=17',
        'tensorboard>=2.18',
        'tqdm>=4.66',
    ],
    'transformers': [
        'pillow>=11',
        'torch==2.13.0',  # the version that the figures in docs/ were measured with
        'transformers>=5,<6',  # 6 may move AutoModelForImageTextToText again
    ],
}


def version() -> str:
    """Read the version from package.xml."""
    return ElementTree.parse(ROOT / 'package.xml').findtext('version', '')


def data_of(package: str) -> list[str]:
    """List weights, cards, scenes and the like inside a package folder, relative to it."""
    folder = ROOT / package
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob('*'))
        if path.suffix in DATA_SUFFIXES and GENERATED not in path.parents
    ]


def share_files() -> list[tuple[str, list[str]]]:
    """List the files of the share folder, by the folder that they go to."""
    found = [
        ('share/ament_index/resource_index/packages', ['resource/robochat']),
        ('share/robochat', ['package.xml']),
    ]
    folders = [f for top in SHARED for f in [ROOT / top, *sorted((ROOT / top).rglob('*'))]]
    for folder in folders:
        files = [str(p.relative_to(ROOT)) for p in sorted(folder.glob('*.*')) if p.is_file()]
        if files:
            found.append((f'share/robochat/{folder.relative_to(ROOT)}', files))
    return found


setup(
    name='robochat',
    version=version(),
    description='A robot that perceives people, understands, and speaks first.',
    license='Apache-2.0',
    maintainer='robochat maintainers',
    maintainer_email='robochat@example.com',
    python_requires='>=3.10',
    packages=[
        *find_packages(include=['robochat', 'robochat.*']),
        'robochat_sim',
        *(f'robochat_sim.{name}' for name in find_packages('sim')),
    ],
    package_dir={'robochat_sim': 'sim'},
    package_data={'robochat': data_of('robochat'), 'robochat_sim': data_of('sim')},
    data_files=share_files(),
    zip_safe=False,
    install_requires=REQUIRED,
    extras_require=EXTRAS,
    entry_points={
        'console_scripts': [
            'robochat = robochat.cli:main',
            'robochat_perception = robochat.cli.perception:main',
        ],
        'robochat.mllms': [],
    },
)
